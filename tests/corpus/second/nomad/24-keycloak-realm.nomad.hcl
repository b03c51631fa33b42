job "sso" {
  group "sso" {
    task "keycloak" {
      driver = "docker"
      config {
        image = "quay.io/keycloak/keycloak:25.0.4"
        args  = ["start", "--import-realm"]
      }
      env {
        KC_BOOTSTRAP_ADMIN_USERNAME = "tmpadmin"
        KC_BOOTSTRAP_ADMIN_PASSWORD = "one.time.pad."
        KC_DB_URL                   = "jdbc:postgresql://db.example.net/kc?user=kc&password=kc%23pass"
        KC_HTTPS_CERTIFICATE_KEY_FILE = "/secrets/tls.key"
      }
      template {
        destination = "secrets/realm.json"
        data        = <<EOH
{
  "realm": "example",
  "accessTokenLifespan": 300,
  "passwordPolicy": "length(12) and notUsername(undefined)",
  "clients": [
    {"clientId": "grafana", "clientAuthenticatorType": "client-secret", "secret": "DWZOKbzgNmZDRgT7tDAgQ2kQJdcav8Ru", "redirectUris": ["https://grafana.example.net/*"]},
    {"clientId": "spa", "publicClient": true, "secret": "**********"}
  ],
  "users": [
    {"username": "anna", "credentials": [{"type": "password", "value": "Wellen\u0062rett", "temporary": false}]}
  ],
  "smtpServer": {"host": "smtp.example.net", "user": "sso", "password": "b\/w-film", "auth": "true"},
  "components": {"org.keycloak.keys.KeyProvider": [{"config": {"kid": ["05fafd24-b3ab-4113-ac49-138498432768"], "secret": ["1y_N5tV21WxC3ajWTA81-gnra9QNRSsU1H_Z_RgCu_EPRaWicWFze8bV1V6xZPkQdaxsQzPnmK6ylTNmYBAu86"], "algorithm": ["HS256"]}}]}
}
EOH
      }
    }
  }
}
