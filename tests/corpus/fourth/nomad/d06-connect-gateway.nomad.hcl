job "edge" {
  group "gw" {
    network { mode = "bridge" }
    service {
      name = "billing-api"
      port = "9090"
      tags = ["v2", "kong-key=g6h3mqhm2s9pwuoi2w8ylooju53aawa6", "auth=jwt", "prometheus.io/scrape"]
      canary_meta {
        secret_version = "14"
      }
      meta {
        external_token_source = "vault"
        basic_auth            = "prom:pMAej7An0Ii1"
      }
      check {
        type     = "http"
        method   = "POST"
        path     = "/login"
        body     = "{\"user\":\"probe\",\"password\":\"slate8077\"}"
        interval = "30s"
        timeout  = "5s"
        header {
          X-Api-Key     = ["41cd6bcea9da9a9f3d48bdcaf5f60713"]
          Authorization = ["Bearer ${PROBE_TOKEN}"]
        }
      }
      check {
        type    = "script"
        command = "/usr/bin/redis-cli"
        args    = ["-a", "fa9694a92aa4eefddc62", "ping"]
      }
      connect {
        sidecar_service {
          proxy {
            upstreams {
              destination_name = "secret-store"
              local_bind_port  = 8201
            }
            config {
              envoy_extra_static_clusters_json = "{\"name\":\"als\",\"type\":\"STRICT_DNS\",\"metadata\":{\"token\":\"6ee96e4b-8f95-4d41-aa9f-8048c5093818\"}}"
            }
          }
        }
        sidecar_task {
          env {
            DD_API_KEY = "c31b0d20e73e73e326cf7de4d6247ffc"
          }
          logging {}
        }
      }
    }
    task "api" {
      driver = "docker"
      config {
        image   = "example/billing:2"
        labels  = { "com.datadoghq.ad.instances" = "[{\"host\":\"%%host%%\",\"password\":\"yf4yJjkcGMkjOjuqRRvw\"}]", "token.owner" = "billing" }
        devices = []
        mount {
          type   = "volume"
          target = "/data"
          source = "billing"
          volume_options {
            driver_config {
              name = "local"
              options = {
                type   = "cifs"
                device = "//nas01/billing"
                o      = "addr=10.0.0.5,username=billing,password=NDM5VvdNWfklmL4y,file_mode=0600"
              }
            }
          }
        }
        logging {
          type = "fluentd"
          config {
            tag = "secret.audit"
            env = "API_TOKEN_ID"
          }
        }
      }
    }
  }
}
