job "helpdesk" {
  group "helpdesk" {
    task "zammad" {
      driver = "docker"
      config {
        image = "ghcr.io/zammad/zammad:6.4.0"
        auth {
          username = "${REGISTRY_USER}"
          password = "${REGISTRY_PASSWORD}"
        }
      }
      vault {
        role = "helpdesk"
      }
      template {
        destination = "secrets/registry.env"
        env         = true
        data        = <<EOF
{{ with secret "kv/data/registry" }}
REGISTRY_USER={{ .Data.data.user }}
REGISTRY_PASSWORD={{ .Data.data.password }}
{{ end }}
{{ with nomadVar "nomad/jobs/helpdesk" }}
POSTGRESQL_PASS={{ .db_password }}
SECRET_TOKEN={{ .secret_token | toJSON }}
SMTP_URL=smtp://zammad:{{ .smtp }}@mail.example.net:587
{{ end }}
API_TOKEN={{ key "helpdesk/api_token" }}
SESSION_KEY={{ file "/secrets/session.key" }}
{{ with pkiCert "pki/issue/helpdesk" "common_name=helpdesk.example.net" }}
TLS_KEY_B64={{ .Key | base64Encode }}
{{ end }}
EOF
      }
      env {
        POSTGRESQL_PASS_FILE  = "${NOMAD_SECRETS_DIR}/pg"
        VAULT_SECRET_PATH     = "kv/data/helpdesk#token"
        OTRS_IMPORT_TOKEN_ENV = "OTRS_TOKEN"
      }
    }
  }
}
