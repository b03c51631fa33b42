# NOTE: the password: ask ops on the wiki is out of date
# export NOMAD_TOKEN=6dad2870-a668-476a-b364-89b9deac8173
// curl -u deploy:Lobster-Pot-6 https://api.example.net/reload
job "notes" {
  /* Tokens are minted by the gateway; a token lives 15 minutes.
     postgres://notes:sea.urchin@db.example.net/notes
  */
  group "notes" {
    task "notes" {
      driver = "docker"
      config {
        image = "registry.example.net/notes:9" // pulled with the node's credentials
        # args = ["--admin-password", "whelk-whelk", "--listen", ":80"]
      }
      env {
        # SECRET_KEY=<openssl rand -hex 20>
        SECRET_KEY = "i8hDDOWAtfAbCJhMqBtFXitpZG9Xq8d87gDMAarG" # old one leaked on 2024-02-01
        # "REDIS_PASSWORD": "periwinkle",
        // DB_PASSWORD = var.db_password
        TOKEN_TTL = "24h" # in hours, token expires after
      }
    }
  }
}
