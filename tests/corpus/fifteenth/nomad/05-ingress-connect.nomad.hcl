job "partner-api" {
  datacenters = ["ams3"]

  meta {
    owner           = "team-partners"
    runbook         = "https://wiki.example.org/runbooks/partner-api"
    deploy_token    = "rFi1cvOaN0NQcQH1gpYvAOhwK8WhLT0e"
    secrets_policy  = "partner-api-read"
  }

  group "api" {
    network {
      mode = "bridge"
      port "metrics" { to = 9102 }
    }

    service {
      name = "partner-api"
      port = "8080"

      tags = [
        "traefik.enable=true",
        "traefik.http.routers.partner.middlewares=partner-auth@consulcatalog",
        "traefik.http.middlewares.partner-auth.basicauth.users=partner:$apr1$TWCLbRu0$HCJYRXRKFgeGOBMSuSE3w1",
        "traefik.http.middlewares.partner-auth.basicauth.realm=Partner Secret Area",
        "traefik.http.middlewares.partner-hdr.headers.customrequestheaders.X-Upstream-Key=svb213y94pluekj86lvefgm5qf1g",
      ]

      check {
        name     = "deep health"
        type     = "http"
        path     = "/internal/health?token=b9467f5ed01f7e1fea90157e"
        interval = "15s"
        timeout  = "3s"
        header {
          X-Health-Key = ["lantern-check-81"]
          Accept       = ["application/json"]
        }
      }

      connect {
        sidecar_service {
          proxy {
            upstreams {
              destination_name = "vault-token-broker"
              local_bind_port  = 7001
            }
            config {
              protocol = "http"
              envoy_dogstatsd_url = "udp://127.0.0.1:8125"
            }
          }
        }
      }
    }

    task "api" {
      driver = "docker"
      config {
        image = "registry.example.org/partner/api:5cd30cd80beb"
      }

      identity {
        env  = true
        file = true
        aud  = ["partner-secret-store"]
      }

      env {
        OIDC_CLIENT_ID    = "0oaiWADvALnfqRz95Lwr"
        OIDC_CLIENT_SECRET = "nZB7mAEF1XjScu83qhT39EZl7THDmRxwOtZDP_dL"
        JWT_ALGORITHM     = "RS256"
        JWT_PUBLIC_KEY    = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEzDXZyE8ssCxVLl4t6pjLgW2qIXxFWbl3XHqrUzffqzG7R5fBL9lNGSZC6dApNqUUIIXeGZlY1DMj9o9eru9Ean=="
      }
    }
  }
}
