job "catalog" {
  group "catalog" {
    network {
      mode = "bridge"
    }

    service {
      name = "catalog"
      port = "9090"

      meta {
        scrape_user     = "prom"
        scrape_password = "Regal!Nr5"
        auth_method     = "basic"
      }

      tags = ["v2", "canary-token:c78d53vojx45ol9x4qb4uc31"]

      check {
        type     = "http"
        path     = "/internal/health?key=VPVZbAAX78vULVTws4pkOpvUN9R6"
        interval = "15s"
        timeout  = "3s"
        header {
          Authorization   = ["Bearer 3INJWEWuxqEsK_y9XrT2bsYzTVSzixnZKtft2YP-"]
          X-Forwarded-For = ["10.0.0.1"]
          X-Token-Source  = ["nomad-check"]
        }
      }

      connect {
        sidecar_service {
          proxy {
            upstreams {
              destination_name = "secrets-api"
              local_bind_port  = 5000
            }
            expose {
              path {
                path            = "/token/refresh"
                protocol        = "http"
                local_path_port = 9090
                listener_port   = "expose"
              }
            }
            config {
              envoy_extra_static_clusters_json = "{\"name\":\"otel\",\"transport_socket\":{\"sni\":\"otel.lager.example\",\"private_key\":{\"filename\":\"/secrets/envoy.key\"}}}"
            }
          }
        }
        sidecar_task {
          env {
            ENVOY_LOG_LEVEL = "info"
            DD_API_KEY      = "78007cb64a92697a0e39068f9c0f5b1e"
          }
        }
      }
    }

    task "catalog" {
      driver = "docker"
      config {
        image = "registry.lager.example/catalog@sha256:0c26d61b6b60355c95f57d10763459aeed9ae5fb1628ebf6131b3451bb826dc2"
      }
      env {
        UPSTREAM_URL   = "http://${NOMAD_UPSTREAM_ADDR_secrets_api}"
        MEILI_MASTER_KEY = "zyQHNaMBGX2mm9rPJeIL45ZTPwbY7G9IQREmK6TxJa8"
      }
      identity {
        env  = true
        file = true
        aud  = ["vault.io"]
      }
    }
  }
}
