job "sso" {
  datacenters = ["ams"]
  type        = "service"
  namespace   = "platform"

  group "keycloak" {
    count = 2

    network {
      mode = "bridge"
      port "https" { to = 8443 }
    }

    task "keycloak" {
      driver = "docker"

      config {
        image = "quay.io/keycloak/keycloak:25.0.6"
        ports = ["https"]
        args = [
          "start",
          "--db=postgres",
          "--db-url=jdbc:postgresql://kc-db.veldhuis.local/keycloak",
          "--db-username=keycloak",
          "--db-password=Fiets3nPad_kc",
          "--https-key-store-file=/secrets/kc.p12",
          "--https-key-store-password=tulpenbol",
          "--https-trust-store-password", "changeit",
          "--features=token-exchange,admin-fine-grained-authz",
          "--vault=keystore",
          "--vault-file=${NOMAD_SECRETS_DIR}/vault.p12",
          "--vault-pass=${KC_VAULT_PASS}",
        ]
      }

      env {
        KEYCLOAK_ADMIN                = "beheer"
        KEYCLOAK_ADMIN_PASSWORD       = "W8woordNiet!Delen"
        KC_SPI_PASSWORD_POLICY        = "length(12) and digits(1)"
        KC_HTTP_ACCESS_LOG_ENABLED    = "true"
        KC_SPI_TRUSTSTORE_FILE_FILE   = "/secrets/trust.jks"
      }

      template {
        destination = "secrets/vault.env"
        env         = true
        data        = <<EOF
KC_VAULT_PASS={{ with nomadVar "nomad/jobs/sso" }}{{ .vault_pass }}{{ end }}
EOF
      }

      template {
        destination = "local/import/veldhuis-realm.json"
        data        = <<EOF
{
  "realm": "veldhuis",
  "enabled": true,
  "passwordPolicy": "length(10) and notUsername",
  "resetPasswordAllowed": true,
  "accessTokenLifespan": 300,
  "smtpServer": {
    "host": "smtp.veldhuis.local",
    "auth": "true",
    "user": "sso",
    "password": "Gr8cht410%"
  },
  "clients": [
    {
      "clientId": "intranet",
      "clientAuthenticatorType": "client-secret",
      "secret": "1qSo7JPRbgUMxXy9b4BzwoZ648jjNuFD",
      "redirectUris": ["https://intranet.veldhuis.local/*"]
    },
    {
      "clientId": "webshop-spa",
      "publicClient": true
    }
  ]
}
EOF
      }

      service {
        name = "sso"
        port = "https"
        check {
          type    = "script"
          task    = "keycloak"
          command = "/bin/sh"
          args    = ["-c", "/opt/keycloak/bin/kcadm.sh config credentials --server http://localhost:8080 --realm master --user probe --password probeprobe42 && /opt/keycloak/bin/kcadm.sh get realms"]
          interval = "60s"
          timeout  = "10s"
        }
      }
    }
  }
}
