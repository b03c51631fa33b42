job "identity" {
  group "keycloak" {
    task "keycloak" {
      driver = "docker"

      config {
        image = "quay.io/keycloak/keycloak:24.0.5"
        args  = ["start", "--import-realm", "--db-password=Portcullis:92:Moat"]
      }

      env {
        KC_DB                        = "postgres"
        KC_DB_USERNAME               = "keycloak"
        KEYCLOAK_ADMIN               = "admin"
        KEYCLOAK_ADMIN_PASSWORD      = "admin"
        KC_HTTPS_KEY_STORE_FILE      = "/secrets/keystore.p12"
        KC_HTTPS_KEY_STORE_PASSWORD  = "Drawbridge7Up"
      }

      template {
        destination = "local/import/realm.json"
        data        = <<EOF
{
  "realm": "guild",
  "passwordPolicy": "length(12) and notUsername",
  "resetPasswordAllowed": true,
  "smtpServer": {"host": "smtp.guildhall.example", "user": "kc", "password": "herald-Tabard21"},
  "clients": [
    {
      "clientId": "wiki",
      "clientAuthenticatorType": "client-secret",
      "secret": "kAKpdMD9cDUnJakat0Dbvsa2P3mvtd6h"
    },
    {"clientId": "spa", "publicClient": true}
  ],
  "users": [
    {"username": "warden", "credentials": [{"type": "password", "value": "Gatehouse-Key-5", "temporary": false}]}
  ]
}
EOF
      }
    }
  }
}
