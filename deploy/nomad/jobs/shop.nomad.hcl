# A service that gets its secrets as variables and as a file. They lie at secret/default/shop, and no other job reads
# them: the policy of `secret setup nomad` sees to that.
job "shop" {
  type = "service"

  group "web" {
    count = 2

    network {
      port "http" {
        to = 3000
      }
    }

    task "puma" {
      driver = "docker"

      # The identity and the role are the ones of Nomad's configuration.
      vault {
        # The task itself needs no token: Nomad reads for it.
        disable_file = true
        env          = false
      }

      config {
        image = "registry.example.com/shop:2026.11"
        ports = ["http"]
      }

      env {
        RAILS_ENV = "production"
        DB_HOST   = "db.service.consul"
      }

      # Variables: Nomad restarts the task when one has changed.
      template {
        destination = "${NOMAD_SECRETS_DIR}/app.env"
        env         = true
        change_mode = "restart"
        perms       = "0400"
        data        = <<EOT
{{ with secret "secret/default/shop" -}}
DB_PASSWORD={{ .Data.data.password | toJSON }}
SECRET_KEY_BASE={{ .Data.data.secret_key_base | toJSON }}
{{- end }}
EOT
      }

      # A file: the program reads it again on SIGHUP.
      template {
        destination   = "${NOMAD_SECRETS_DIR}/database.yml"
        change_mode   = "signal"
        change_signal = "SIGHUP"
        perms         = "0400"
        data          = <<EOT
production:
  host: db.service.consul
{{ with secret "secret/default/shop/database" }}  username: {{ .Data.data.username | toJSON }}
  password: {{ .Data.data.password | toJSON }}
{{ end -}}
EOT
      }

      resources {
        cpu    = 500
        memory = 512
      }
    }
  }
}
