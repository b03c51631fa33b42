job "traefik" {
  type = "system"

  group "edge" {
    network {
      port "https" { static = 443 }
      port "api" { static = 8081 }
    }

    service {
      name = "traefik-dash"
      port = "api"
      tags = [
        "traefik.enable=true",
        "traefik.http.routers.dash.rule=Host(`edge.nordlicht.example`)",
        "traefik.http.routers.dash.middlewares=dash-auth",
        "traefik.http.middlewares.dash-auth.basicauth.users=ops:$apr1$.8Xwmal8$Ts1N8ADyTryBjrNdUrKm0b",
        "traefik.http.middlewares.dash-auth.basicauth.usersfile=/secrets/htpasswd",
      ]
      check {
        type     = "http"
        path     = "/ping"
        interval = "10s"
        timeout  = "2s"
      }
    }

    task "traefik" {
      driver = "docker"
      config {
        image        = "traefik:v3.1.6"
        network_mode = "host"
        args = [
          "--providers.nomad=true",
          "--providers.nomad.endpoint.token=89469db5-405e-45f5-8f96-43abc259c51c",
          "--providers.consulcatalog.endpoint.token=${CONSUL_TOKEN}",
          "--certificatesresolvers.le.acme.dnschallenge.provider=cloudflare",
          "--certificatesresolvers.le.acme.storage=/data/acme.json",
          "--certificatesresolvers.le.acme.keytype=EC256",
        ]
      }
      env {
        CF_API_EMAIL     = "dns@nordlicht.example"
        CF_DNS_API_TOKEN = "fpau5prtaZMyFobfPG2mEJjhnhB-UTzGfbXpqlEo"
        CF_ZONE_ID       = "d8db9be1ade06d4d1fe630af72289041"
      }
      template {
        destination = "local/dynamic.toml"
        data        = <<TOML
[http.middlewares.strip.stripPrefix]
  prefixes = ["/token", "/secret"]

[http.middlewares.api-auth.basicAuth]
  realm = "members"
  users = [
    "anna:$2y$10$D4/YhG2iJcm.ev42EIJ3BEOJOAq6VQLwfJl/qvg/jHA4HwAAm7TY8",
    "bert:$apr1$9fPNQ/Wf$ilsTHPWl2q5Wk9TewiqGnV",
  ]

[http.middlewares.inject.headers.customRequestHeaders]
  X-Api-Key = "pxkyr131s5ri2o0wsiuzsbpsq7anlw3h"
  X-Auth-Method = "api-key"

[[tls.certificates]]
  certFile = "/secrets/nordlicht.crt"
  keyFile  = "/secrets/nordlicht.key"
TOML
      }
    }
  }
}
