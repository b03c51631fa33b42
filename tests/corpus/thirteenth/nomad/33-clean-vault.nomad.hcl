job "payroll" {
  group "payroll" {
    task "api" {
      driver = "docker"

      vault {
        role        = "payroll-api"
        change_mode = "restart"
      }

      identity {
        name        = "vault_default"
        aud         = ["vault.lohn.example"]
        ttl         = "1h"
        change_mode = "signal"
        change_signal = "SIGHUP"
      }

      config {
        image = "registry.lohn.example/payroll:8.1.4"
        auth {
          username = "${REGISTRY_USER}"
          password = "${REGISTRY_PASSWORD}"
        }
      }

      env {
        DB_PASSWORD_FILE = "${NOMAD_SECRETS_DIR}/db-password"
        VAULT_NAMESPACE  = "admin/payroll"
        JWT_PUBLIC_KEY   = "MCowBQYDK2VwAyEADU1OuLdrDmwpIE9Ou67xabLyzb51Ropj1XHpXA2cEVQ="
        KMS_KEY_ID       = "arn:aws:kms:eu-central-1:210987654321:key/0fc24658-0733-47e3-8967-54a4ead36843"
        AWS_SECRET_NAME  = "prod/payroll/db"
        PASSWORD_RESET_TOKEN_TTL = "900"
      }

      template {
        destination = "secrets/app.env"
        env         = true
        data        = <<EOH
{{ with secret "database/creds/payroll" -}}
DB_USER={{ .Data.username }}
DB_PASSWORD={{ .Data.password | toJSON }}
{{- end }}
API_TOKEN={{ key "payroll/token" }}
SMTP_PASSWORD={{ with nomadVar "nomad/jobs/payroll" }}{{ index . "smtp_password" }}{{ end }}
ENCRYPTION_KEY={{ env "meta.encryption_key" }}
EOH
      }

      template {
        destination = "secrets/tls.key"
        data        = <<EOH
{{ with pkiCert "pki/issue/payroll" "common_name=payroll.service.consul" }}{{ .Key }}{{ end }}
EOH
      }
    }
  }
}
