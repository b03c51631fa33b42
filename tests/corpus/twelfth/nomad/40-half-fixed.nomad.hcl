job "clinic-portal" {
  group "portal" {
    task "portal" {
      driver = "docker"

      config {
        image = "registry.fernclinic.example/portal:16"
      }

      template {
        destination = "secrets/portal.env"
        env         = true
        data        = <<EOF
{{- with nomadVar "nomad/jobs/clinic-portal" }}
DB_PASSWORD={{ .db_password }}
FHIR_CLIENT_SECRET={{ .fhir_client_secret }}
{{- end }}
SMS_AUTH_TOKEN=da56d07be817892292afb3c7a200b9b2
FIELD_ENCRYPTION_KEY=z1c1m9xWtj62yYwmYytk8bdb-6LPLThpi6ACBGWQ4bI=
EOF
      }

      env {
        DB_USER        = "portal"
        DB_HOST        = "db.fernclinic.example"
        SESSION_SECRET = "NljTPQBD3Xl3QDaVR94P1zancuVow7HG6M1wXnKbMaB0AfzG"
        SMS_ACCOUNT_SID = "ACe7f6c9c645195883d350290a51963f7a"
        DB_URL         = "postgres://portal:${DB_PASSWORD}@db.fernclinic.example/portal"
        PRINTER_PIN    = "48213907"
        SECRET_ENGINE  = "nomad"
      }
    }
  }
}
