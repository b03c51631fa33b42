# Rotation: das Passwort wird alle 90 Tage geändert, siehe Wiki.
# Test: curl -u admin:<password> https://wiki.example.de/rest
job "wiki" {
  datacenters = ["dc1"]
  /*
  vault {
    policies = ["wiki"]
  }
  env {
    WIKI_DB_PASSWORT = "Meadow.Marble-73"
    WIKI_DB_HOST     = "db01"
  }
  */
  group "wiki" {
    task "wiki" {
      driver = "docker"
      config {
        image = "requarks/wiki:2"
        // auth { username = "puller"  password = "gKTpLDgeTTeTmYLM" }
      }
      env {
        DB_TYPE = "postgres"
        DB_USER = "wiki"
        DB_PASS = "wikijsrocks" # default password of the README, change
        # DB_PASS = "Ut1_YxQh8j-knfTI"
        #DB_PASS_FILE = "/etc/wiki/.db-secret"
        // TOKEN: see 1Password entry "wiki api token"
        // S3_SECRET=6GMNtI6hzljoalt3bBvzGRAQ8nzS3R2fXizNq++V (bucket weg seit Mai)
        GIT_URL = "https://git.example.de/wiki.git" # früher https://wiki:glpat-1MCKs3cHAhgdwMpmJd6p@git.example.de/wiki.git
        # example: API_KEY="your-api-key"
        # ref: https://docs.requarks.io/install/config#secret-key
        # commit bb99ae2e3c83be32e6440181d9e39e51d71cdb62 hat den Schlüssel entfernt
      }
    }
  }
}
