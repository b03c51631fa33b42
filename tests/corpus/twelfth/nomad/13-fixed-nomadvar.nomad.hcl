job "pollenwatch" {
  group "app" {
    task "app" {
      driver = "docker"

      config {
        image = "registry.pollenwatch.example/app:52"
        auth {
          username = "${REGISTRY_USER}"
          password = "${REGISTRY_PASSWORD}"
        }
      }

      template {
        destination = "secrets/app.env"
        env         = true
        data        = <<EOH
{{ with nomadVar "nomad/jobs/pollenwatch" }}
DATABASE_URL=postgres://pollen:{{ .db_password }}@db.pollenwatch.example/pollen
SECRET_KEY={{ .secret_key }}
MAPBOX_SECRET_TOKEN={{ .mapbox_token | toJSON }}
REGISTRY_USER={{ .registry_user }}
REGISTRY_PASSWORD={{ .registry_password }}
{{ end }}
EOH
      }

      env {
        PASSWORD_FILE = "/secrets/db_password"
        TOKEN_ISSUER  = "https://id.pollenwatch.example"
      }
    }
  }
}
