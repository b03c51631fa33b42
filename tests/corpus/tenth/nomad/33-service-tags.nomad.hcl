job "dashboards" {
  group "web" {
    network {
      port "http" {
        to = 3000
      }
    }

    service {
      name     = "dashboards"
      port     = "http"
      provider = "consul"

      tags = [
        "traefik.enable=true",
        "traefik.http.routers.dash.rule=Host(`dash.example.net`)",
        "traefik.http.routers.dash.middlewares=dash-auth,dash-token-header",
        "traefik.http.middlewares.dash-auth.basicauth.users=ops:$apr1$k21Bk5.g$OzhQzpI5qCaBuyzTQrFUre",
        "traefik.http.middlewares.dash-token-header.headers.customrequestheaders.X-Dash-Token=Rk1bQDMLAXQizWTAfssePmGBpClEFfxo",
      ]

      meta {
        scrape_password = "Rookery-35"
        version         = "${NOMAD_META_version}"
        key_id          = "dash-2024"
      }
    }

    task "grafana" {
      driver = "docker"
      config {
        image = "grafana/grafana-oss:11.1.4"
      }
      env {
        GF_SECURITY_ADMIN_PASSWORD = "Sedge-Loft-60"
        GF_SECURITY_SECRET_KEY     = "SW2YcwTIb9zpOOhoPsMm"
        GF_DATABASE_PASSWORD__FILE = "/secrets/db"
        GF_AUTH_GENERIC_OAUTH_CLIENT_ID = "grafana"
      }
    }
  }
}
