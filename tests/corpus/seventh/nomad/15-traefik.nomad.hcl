job "traefik" {
  datacenters = ["dc1"]
  type        = "system"

  meta {
    owner         = "infra@bluemesa.io"
    pagerduty_key = "6469602d1ba9f20df4875b15b0be23b7"
    runbook       = "https://wiki.bluemesa.io/traefik#rotate-tokens"
  }

  group "traefik" {
    network {
      port "http" { static = 80 }
      port "https" { static = 443 }
      port "admin" { static = 8081 }
    }

    service {
      name = "traefik-dashboard"
      port = "admin"
      tags = [
        "traefik.enable=true",
        "traefik.http.routers.dash.rule=Host(`traefik.bluemesa.io`)",
        "traefik.http.routers.dash.middlewares=dash-auth",
        "traefik.http.middlewares.dash-auth.basicauth.users=ops:$apr1$nuFjL93B$PAdJaVTLleBAKWfA5c2LqK,dana:$2y$05$UDgN59hMNNxPbbQ5wTAvzCwEspxco1nxEnQrd0/sLVGn1XAaPzw4D",
        "traefik.http.middlewares.hdr.headers.customrequestheaders.X-Edge-Token=z44CC3pnR6rnRoiz7CnGQHhAbP8C",
        "traefik.http.middlewares.dash-auth.basicauth.headerField=X-WebAuth-User",
      ]
    }

    task "traefik" {
      driver = "docker"
      config {
        image        = "traefik:v3.1.4"
        network_mode = "host"
        args = [
          "--providers.nomad=true",
          "--providers.nomad.endpoint.token=939b5318-2e4e-4349-b987-29e7c6be9ff9",
          "--providers.file.filename=/local/dynamic.toml",
          "--certificatesresolvers.le.acme.dnschallenge.provider=cloudflare",
          "--certificatesresolvers.le.acme.eab.kid=s4Hx4tNcT1rtRZjM8iQ0NA",
          "--certificatesresolvers.le.acme.eab.hmacencoded=0P_yT1jOw56ktltyxpA_w4mXmS3wdLqpfpa2BDGg_mn33x7tFs5BIdM0vzTY1-z4rLVuouJnWOlr1UlaY0XHNt",
          "--certificatesresolvers.le.acme.keytype=EC256",
        ]
      }

      env {
        CF_API_EMAIL     = "dns@bluemesa.io"
        CF_DNS_API_TOKEN = "F0BAnAmyMBDZW_iSZ0PSUNDMJV-73HBpSetjVEiM"
        CF_ZONE_API_TOKEN_FILE = "/run/secrets/cf_zone"
      }

      template {
        destination = "local/dynamic.toml"
        data        = <<EOF
[http.middlewares.intranet.digestAuth]
  realm = "intranet"
  users = [
    "kim:intranet:2b6ec017c1e1777155a0e9d8f27c7d9c",
    "jorge:intranet:f07255bc509cb3acac23db7c6e9b7d18",
  ]

[http.middlewares.fwd.forwardAuth]
  address = "http://127.0.0.1:4181"
  authResponseHeaders = ["X-Auth-Token", "X-Forwarded-User"]

[tls.options.default]
  minVersion = "VersionTLS12"
EOF
      }
    }
  }
}
