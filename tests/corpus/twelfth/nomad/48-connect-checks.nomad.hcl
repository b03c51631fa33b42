job "tickets" {
  group "tickets" {
    network {
      mode = "bridge"
      port "http" { to = 4000 }
    }

    service {
      name = "tickets"
      port = "4000"

      check {
        type     = "http"
        path     = "/healthz"
        interval = "10s"
        timeout  = "2s"
        header {
          X-Health-Token = ["ea76cb1d7ba845fefcf9f65161dcaca8"]
          Accept         = ["application/json"]
        }
      }

      check {
        type     = "script"
        command  = "/usr/bin/redis-cli"
        args     = ["-a", "Usher-Aisle-9", "ping"]
        interval = "30s"
        timeout  = "5s"
      }

      connect {
        sidecar_service {
          proxy {
            upstreams {
              destination_name = "secret-seats"
              local_bind_port  = 5000
            }
          }
        }
        sidecar_task {
          env {
            LIGHTSTEP_ACCESS_TOKEN = "dH6VthBkXoRE4bCn6ByQ-3jSygf47bH6GmSTi3ZaMijFFsul3AjRpkrt3nbw21OE"
          }
        }
      }
    }

    task "tickets" {
      driver = "docker"
      config {
        image = "registry.boxoffice.example/tickets:12"
        logging {
          type = "loki"
          config {
            loki-url             = "https://tickets:stub-Counter-44@loki.boxoffice.example/loki/api/v1/push"
            loki-external-labels = "job=tickets,token=none"
          }
        }
      }
      env {
        REDIS_PASSWORD = "Usher-Aisle-9"
      }
    }
  }
}
