job "payments" {
  group "payments" {
    task "api" {
      driver = "docker"
      identity {
        name        = "vault_default"
        aud         = ["vault.io"]
        file        = true
        change_mode = "restart"
      }
      vault {
        role = "payments"
      }
      secret "db" {
        provider = "vault"
        path     = "kv/data/payments/db"
        config { engine = "kv_v2" }
      }
      config {
        image = "registry.example.net/payments:3"
        args  = ["--db-password=${secret.db.password}", "--signing-key-file", "${NOMAD_SECRETS_DIR}/signing.pem"]
      }
      template {
        destination = "secrets/app.env"
        env         = true
        data        = <<EOH
{{- with secret "kv/data/payments/app" }}
API_TOKEN={{ .Data.data.api_token }}
SIGNING_SECRET="{{ .Data.data.signing_secret | toJSON }}"
BASIC={{ printf "%s:%s" .Data.data.user .Data.data.pass | base64Encode }}
{{- end }}
TOKEN_URL=https://sso.example.net/oauth2/token
PASSWORD_FILE=/secrets/pw
EOH
      }
      template {
        destination = "secrets/pw"
        data        = <<-EOH
          {{- range nomadVarList "nomad/jobs/payments" }}
          {{- with nomadVar .Path }}{{ .password }}{{ end }}
          {{- end }}
        EOH
      }
      env {
        PGPASSFILE  = "/secrets/pgpass"
        AUTH_TOKEN  = "${AUTH_TOKEN}"
        SECRET_PATH = "kv/data/payments"
      }
    }
  }
}
