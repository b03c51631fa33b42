job "edge-proxy" {
  type = "system"

  group "traefik" {
    network {
      port "https" { static = 443 }
    }

    service {
      name = "traefik-dashboard"
      port = "https"
      tags = [
        "traefik.enable=true",
        "traefik.http.routers.dash.rule=Host(`edge.saltmarsh.example`)",
        "traefik.http.routers.dash.middlewares=dash-auth",
        "traefik.http.middlewares.dash-auth.basicauth.users=ops:$2y$05$wHi5nE9nymUtJKrlXQFtrtAhxiijtMj4GiSMEip6zcQimUboTeecZ",
        "traefik.http.middlewares.api.headers.customrequestheaders.X-Api-Key=Sqecp6rmyuOGtPxCQErRs8VaS5FILWBR",
      ]
    }

    task "traefik" {
      driver = "docker"

      config {
        image   = "traefik:v3.0.4"
        volumes = ["local/traefik.toml:/etc/traefik/traefik.toml"]
      }

      env {
        CF_DNS_API_TOKEN = "WZUuazxAO0IYtttrnUFkjd7CB1lYXvlNOrg1mN4G"
        CF_API_EMAIL     = "dns@saltmarsh.example"
      }

      template {
        destination = "local/traefik.toml"
        data        = <<EOF
[entryPoints.websecure]
  address = ":443"
[providers.nomad]
  [providers.nomad.endpoint]
    address = "http://127.0.0.1:4646"
    token   = "f3e38867-306a-424e-84dc-4bf18398e12c"
[certificatesResolvers.le.acme]
  email   = "dns@saltmarsh.example"
  storage = "/data/acme.json"
  keyType = "EC256"
[certificatesResolvers.le.acme.dnsChallenge]
  provider = "cloudflare"
EOF
      }
    }
  }
}
