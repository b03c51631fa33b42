job "ledger-api" {
  group "api" {
    task "api" {
      driver = "docker"

      vault {
        role        = "ledger-api"
        change_mode = "restart"
      }

      config {
        image = "registry.example.org/ledger-api:1.44.0"
        args  = ["--db-password-file", "/secrets/db_password", "--token-ttl", "3600s"]
        auth {
          username = "ledger"
          password = "${REGISTRY_PASSWORD}"
        }
      }

      env {
        VAULT_ADDR         = "https://vault.example.org:8200"
        SENTRY_DSN         = "https://79843a1eef2880cfbcc628f1a33a8cb8@sentry.example.org/12"
        SIGNING_KEY_ID     = "d4744a6bf7b9e2c9"
        AWS_ROLE_ARN       = "arn:aws:iam::123456789012:role/ledger-api"
        AWS_WEB_IDENTITY_TOKEN_FILE = "/secrets/nomad_aws.jwt"
      }

      template {
        destination = "secrets/app.env"
        env         = true
        data        = <<EOT
{{- with secret "database/creds/ledger" }}
DATABASE_URL=postgres://{{ .Data.username }}:{{ .Data.password | urlquery }}@pg.example.org:5432/ledger
{{- end }}
{{- with secret "kv/data/ledger" }}
SECRET_KEY={{ .Data.data.secret_key }}
REGISTRY_PASSWORD={{ index .Data.data "registry-password" }}
{{- end }}
EOT
      }

      template {
        destination = "secrets/tls.pem"
        data        = "{{ with pkiCert \"pki/issue/ledger\" \"common_name=ledger.example.org\" }}{{ .Key }}{{ .Cert }}{{ end }}"
      }
    }
  }
}
