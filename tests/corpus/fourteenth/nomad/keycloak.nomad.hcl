variable "kc_admin_password" {
  type    = string
  default = "Sleutelbos-IJssel5"
}

variable "db_password" {
  type      = string
  sensitive = true
}

variable "env" {
  default = "prod"
}

job "keycloak" {
  group "kc" {
    task "kc" {
      driver = "docker"
      config {
        image = "quay.io/keycloak/keycloak:24.0"
        args  = ["start", "--import-realm", "--https-key-store-password=password", "--features=token-exchange,update-email"]
      }
      env {
        KEYCLOAK_ADMIN          = "admin"
        KEYCLOAK_ADMIN_PASSWORD = "${var.kc_admin_password}"
        KC_DB_PASSWORD          = var.db_password
        KC_LDAP_BIND_PASSWORD   = var.env == "prod" ? "St33n-uil" : "admin"
      }
      template {
        destination = "local/realm.json"
        data        = <<EOF
{
  "realm": "thv",
  "accessTokenLifespan": 300,
  "passwordPolicy": "length(12) and notUsername",
  "clients": [
    {"clientId": "ship-web", "clientAuthenticatorType": "client-secret", "secret": "4EeXkkDh7UGkt1IRwBMNrN30tw6HDagH"},
    {"clientId": "mobile", "publicClient": true, "attributes": {"jwt.credential.certificate": "MIICUJfTnGsjGdirKLtXR9r9C+IesBB8ctwwP7XXQzcSSL+1dIWVxY6BG0iQTHVuP3dDqdSLTdKQkDTe/1pKp7BNeXMAJ9ER6x/Y9pqTauRK2XmQSsy9Lk+lx18g"}}
  ],
  "users": [{"username": "robot", "credentials": [{"type": "password", "value": "Wall-E.2700"}]}],
  "smtpServer": {"host": "mail.thv.internal", "auth": "true", "password": "**********"}
}
EOF
      }
    }
  }
}
