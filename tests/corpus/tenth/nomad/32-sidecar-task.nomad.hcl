job "pricing" {
  group "pricing" {
    network {
      mode = "bridge"
    }

    service {
      name = "pricing"
      port = "8080"

      check {
        type     = "http"
        path     = "/ready"
        interval = "10s"
        timeout  = "2s"
        header {
          X-Check-Token = ["2c96739b879ef62095505fedf0e877cc"]
        }
      }

      check {
        type     = "script"
        task     = "pricing"
        command  = "/bin/pricing"
        args     = ["ping", "--password", "Moorhen-Rail-4"]
        interval = "30s"
        timeout  = "5s"
      }

      connect {
        sidecar_service {
          proxy {
            upstreams {
              destination_name = "token-service"
              local_bind_port  = 9191
            }
          }
        }
        sidecar_task {
          env {
            STATSD_URL      = "udp://127.0.0.1:8125"
            TELEMETRY_TOKEN = "u33NLOG42OoU17zCjOl2WgVLR14X7rPJ"
          }
          resources {
            cpu = 50
          }
        }
      }
    }

    task "pricing" {
      driver = "docker"
      config {
        image = "registry.example.net/pricing:9"
      }
      env {
        CHECK_TOKEN = "2c96739b879ef62095505fedf0e877cc"
        TOKEN_URL   = "http://127.0.0.1:9191/token"
      }
    }
  }
}
