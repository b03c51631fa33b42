job "portal" {
  group "portal" {
    network {
      mode = "bridge"
      port "http" { to = 8080 }
    }

    service {
      name = "portal"
      port = "http"
      tags = [
        "traefik.enable=true",
        "traefik.http.routers.portal.tls.certresolver=le",
        "traefik.http.middlewares.portal-auth.basicauth.users=anna:$apr1$uD6j9Lt8$zKqgVmrIb.JDYeaO06hood",
        "traefik.http.middlewares.portal-auth.basicauth.headerField=X-WebAuth-User",
        "traefik.http.middlewares.portal-hdr.headers.customrequestheaders.X-Portal-Key=99623714eedc21381f70141c5ba240dd",
      ]
      meta {
        scrape_password = "Buntpapier"
      }
      check {
        type     = "http"
        path     = "/health?token=2a852682d35acd2265bad2e7"
        interval = "15s"
        timeout  = "3s"
      }
      check {
        type     = "script"
        task     = "portal"
        command  = "/bin/probe"
        args     = ["--user", "probe", "--password", "Klopf_klopf_2"]
        interval = "30s"
        timeout  = "5s"
      }
      connect {
        sidecar_service {}
        sidecar_task {
          env {
            DD_API_KEY = "594ff10e682a3acb4bb28bf23c12ff07"
            DD_SITE    = "datadoghq.eu"
          }
        }
      }
    }

    task "portal" {
      driver = "docker"
      config {
        image = "registry.example.net/portal:5.2"
        labels = {
          "secret.scan" = "passed"
        }
      }
      identity {
        name = "vault_default"
        aud  = ["vault.io"]
        ttl  = "1h"
      }
    }
  }
}
