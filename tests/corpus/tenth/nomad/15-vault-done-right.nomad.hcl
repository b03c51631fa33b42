job "accounts" {
  group "accounts" {
    task "accounts" {
      driver = "docker"

      identity {
        name = "vault_default"
        aud  = ["vault.io"]
        ttl  = "1h"
      }

      vault {
        role = "accounts-token-role"
      }

      secret "app" {
        provider = "nomad"
        path     = "nomad/jobs/accounts"
      }

      config {
        image = "registry.example.net/accounts@sha256:c10fe51e71f527356b51e74e27f3155472e133213fe26363b58a66d6ee9e0b08"
      }

      env {
        DB_PASSWORD          = "${secret.app.db_password}"
        SESSION_SECRET_FILE  = "${NOMAD_SECRETS_DIR}/session_secret"
        VAULT_SECRET_PATH    = "kv/data/accounts"
        PASSWORD_RESET_URL   = "https://accounts.example.net/password/reset"
        PASSWORD_HASHER      = "argon2id"
        ACCESS_TOKEN_TTL     = "900s"
      }

      template {
        destination = "secrets/session_secret"
        data        = "{{ with secret \"kv/data/accounts\" }}{{ .Data.data.session }}{{ end }}"
      }

      template {
        destination = "secrets/tls.pem"
        data        = <<EOF
{{ with pkiCert "pki/issue/accounts" "common_name=accounts.service.consul" "ttl=24h" }}
{{ .Cert }}
{{ .Key }}
{{ end }}
EOF
      }
    }
  }
}
