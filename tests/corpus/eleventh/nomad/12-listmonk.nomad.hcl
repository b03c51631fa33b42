job "listmonk" {
  group "listmonk" {
    network {
      mode = "bridge"
    }
    service {
      name = "listmonk"
      port = "9000"
      meta {
        api_user     = "reporter"
        api_password = "blauer-umschlag"
      }
      check {
        type     = "script"
        task     = "app"
        command  = "/usr/bin/curl"
        args     = ["-fsS", "-u", "reporter:blauer-umschlag", "http://127.0.0.1:9000/api/health"]
        interval = "30s"
        timeout  = "5s"
      }
      connect {
        sidecar_service {
          proxy {
            upstreams {
              destination_name = "postgres"
              local_bind_port  = 5432
            }
          }
        }
        sidecar_task {
          env {
            OTEL_EXPORTER_OTLP_HEADERS = "x-honeycomb-team=31sM1d2XHooxJ85octkFGS"
            ENVOY_UID                  = "0"
          }
        }
      }
    }
    task "app" {
      driver = "docker"
      config {
        image   = "listmonk/listmonk:v4.1.0"
        volumes = ["local/config.toml:/listmonk/config.toml"]
      }
      env {
        LISTMONK_ADMIN_USER     = "post"
        LISTMONK_ADMIN_PASSWORD = "Briefmarke_80"
        # LISTMONK_db__password = "rFKt4op8f8Ycms70xu"
        LISTMONK_app__address   = "0.0.0.0:9000"
      }
      template {
        destination = "local/config.toml"
        data        = <<EOF
[app]
address = "0.0.0.0:9000"
# admin_password = "posthorn1850"  # before 4.0

[db]
host = "127.0.0.1"
user = "listmonk"
password = "{{ keyOrDefault "listmonk/db/password" "wachspapier3" }}"
ssl_mode = "disable"
params = "application_name=token-mailer"
EOF
      }
      template {
        destination = "secrets/bounce.env"
        env         = true
        data        = <<EOF
LISTMONK_bounce__sendgrid_key={{ env "SG_KEY" | trimSpace }}
BOUNCE_IMAP_PASSWORD={{ with nomadVar "nomad/jobs/listmonk" }}{{ .imap }}{{ else }}retoure839{{ end }}
# the SMTP password is kept in the settings table, not here
EOF
      }
    }
  }
}
