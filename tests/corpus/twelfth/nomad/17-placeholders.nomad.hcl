job "intranet" {
  group "bookstack" {
    task "bookstack" {
      driver = "docker"
      config {
        image = "lscr.io/linuxserver/bookstack:24.05"
      }
      env {
        DB_USERNAME     = "bookstack"
        DB_PASSWORD     = "bookstack"
        ADMIN_PASS      = "letmein"
        MYSQL_ROOT_PW   = "root"
        COOKIE_SECRET   = "supersecret"
        SEARCH_PASSWORD = "changeit"
        MAIL_PASSWORD   = "<mail password>"
        LDAP_PASS       = "********"
        S3_SECRET       = "XXXXXXXXXXXXXXXXXXXX"
        SAML_PRIVKEY    = "ask Imke for the SAML key"
        AZURE_APP_SECRET = "{{ vault_azure_app_secret }}"
        GITHUB_TOKEN    = "@@GITHUB_TOKEN@@"
        TWITCH_SECRET   = "TODO"
        AWS_SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        DRAWIO_TOKEN    = "none"
      }
    }
  }
}
