variable "tag" {
  type    = string
  default = "1.0.3"
}
job "orders-api" {
  group "api" {
    task "api" {
      driver = "docker"
      vault {
        policies = ["orders"]
      }
      config {
        image = "registry.example.net/orders:${var.tag}"
        auth {
          username = "svc"
          password = "${DOCKER_PASS}"
        }
        args = ["-dsn", "orders:Yt6!pp@tcp(${NOMAD_ADDR_db})/orders"]
      }
      template {
        data = <<EOF
{{ with secret "kv/data/orders" -}}
DOCKER_PASS = {{ .Data.data.docker }}
STRIPE_KEY  = "{{ .Data.data.stripe }}"
{{- end }}
# TODO move: SENDGRID_KEY=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
SENDGRID_KEY=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
OTEL_EXPORTER_OTLP_HEADERS=api-key=1ab6421d7cf6d58abc15eb3671597b87f0bf0116
EOF
        destination = "secrets/env"
        env         = true
      }
      env {
        LOG_LEVEL      = "info"
        SESSION_SECRET = "${SESSION_SECRET}"
        # FLASK_SECRET = "1a6f0d935b1b81fd4680728fdc527b46"
        NEWRELIC_LICENSE_KEY = "1def768d375011da039cd42d1d03f37d6cedNRAL"
        SECRET_KEY_FALLBACK  = "none"
      }
    }
  }
}
