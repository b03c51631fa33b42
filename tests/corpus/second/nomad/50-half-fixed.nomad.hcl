job "search-api" {
  vault {
    role = "search"
  }
  group "api" {
    task "api" {
      driver = "docker"
      config {
        image = "registry.example.net/search-api:8"
        auth {
          username = "ci"
          password = "${REGISTRY_PASSWORD}"
        }
      }
      template {
        destination = "secrets/db.env"
        env         = true
        data        = <<EOH
{{ with secret "database/creds/search" }}
DATABASE_URL=postgres://{{ .Data.username }}:{{ .Data.password }}@{{ range service "db" }}{{ .Address }}{{ end }}/search
{{ end }}
{{ with secret "kv/data/search" }}{{ if .Data.data.typesense }}
TYPESENSE_API_KEY={{ .Data.data.typesense }}
{{ else }}
TYPESENSE_API_KEY=WktNhUTWVxd5UEw5JieeeSTpyHq7kSDS
{{ end }}{{ end }}
REGISTRY_PASSWORD={{ with secret "kv/data/registry" }}{{ .Data.data.password }}{{ end }}
MEILI_MASTER_KEY={{ env "MEILI_KEY" | or "meili-default-key" }}
EOH
      }
      template {
        destination = "secrets/legacy.env"
        env         = true
        data        = <<EOH
# moved: DATABASE_URL=postgres://search:compass.rose@old-db/search
SMTP_PASSWORD=north-by-nw2
EOH
      }
      env {
        DB_POOL       = "10"
        SMTP_PASSWORD = "${SMTP_PASSWORD}"
        HMAC_KEY      = "3a8fe3986fdc9320ac79bf5dfdbce82c6ae1ab5a1b3af05f5d225c515f5f9d8a"
        TOKEN_HEADER  = "X-Search-Token"
      }
    }
  }
}
