job "quarrylog" {
  group "api" {
    task "api" {
      driver = "docker"

      vault {
        policies = ["quarrylog-read-secrets"]
      }

      config {
        image = "registry.quarrylog.example/api:8"
        args  = ["--db-password-file", "/secrets/db-pass", "--tls-key", "/secrets/tls.key"]
      }

      template {
        destination = "secrets/db-pass"
        data        = "{{ with secret \"database/creds/quarrylog\" }}{{ .Data.password }}{{ end }}"
      }

      template {
        destination = "secrets/tls.key"
        change_mode = "restart"
        data        = <<EOF
{{- with secret "pki/issue/quarrylog" "common_name=api.quarrylog.example" "ttl=72h" }}
{{ .Data.private_key }}
{{- end }}
EOF
      }

      template {
        destination = "secrets/env"
        env         = true
        data        = <<EOF
{{ with secret "kv/data/quarrylog/api" -}}
SIGNING_SECRET={{ .Data.data.signing_secret }}
SMTP_PASSWORD={{ key "quarrylog/smtp_password" }}
VAULT_SECRET_PATH=kv/data/quarrylog/api
{{- end }}
EOF
      }
    }
  }
}
