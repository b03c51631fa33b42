# The database password is in Vault, ask Anna for the token.
job "crm" {
  group "crm" {
    task "crm" {
      driver = "docker"
      config {
        image = "registry.example.net/crm:11"
        # auth {
        #   username = "puller"
        #   password = "Kundenkartei44"
        # }
      }
      env {
        # until May: DB_PASSWORD = "Fruehling-23"
        DB_PASSWORD_FILE = "/secrets/db"
        // IMAP_URL = "imaps://crm:Briefkasten!3@mail.example.net"
        SESSION_TIMEOUT  = "3600" # seconds, the token lives as long
        HUBSPOT_TOKEN    = "pat-eu1-c3b0f635-12f7-4fe4-8578-33f30ea18381" # private app token
        /*
        LEGACY_API_KEY   = "63415cfb6647e395785f465f536bb1533caf30aa"
        */
        # SENTRY_TOKEN   = "<token from sentry>"
        # password: same as the wiki's
        COOKIE_NAME      = "crm_session_key"
      }
      template {
        destination = "local/crm.ini"
        data        = <<EOF
[sync]
interval = 300
; password = alter-Hut-7
password_env = SYNC_PASSWORD
# set token only when the secret store is down
[ldap]
bind_dn = cn=crm,ou=services,dc=example,dc=net
bind_pw = Adressbuch#8
EOF
      }
    }
  }
}
