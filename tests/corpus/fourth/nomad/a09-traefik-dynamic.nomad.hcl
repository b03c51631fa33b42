variable "acme_email" {
  type    = string
  default = "hostmaster@example.net"
}

variable "cf_api_token" {
  type    = string
  default = "zslA391r7BJM9eBXKyLAirkW-i5FvVElVSaaNuMu"
}

job "traefik" {
  region      = "global"
  datacenters = ["dc1"]

  group "traefik" {
    network {
      port "http" { static = 80 }
      port "api" { static = 8081 }
    }

    service {
      name = "traefik"
      tags = [
        "traefik.enable=true",
        "traefik.http.routers.dash.rule=Host(`traefik.example.net`)",
        "traefik.http.routers.dash.middlewares=dash-auth",
        "traefik.http.middlewares.dash-auth.basicauth.users=admin:$apr1$3JFXkE1r$gjjwEe5hurjFEqTyNJFTc3",
        "traefik.http.middlewares.dash-auth.basicauth.removeheader=true",
        "traefik.http.middlewares.hdr.headers.customrequestheaders.X-Origin-Token=d783e53a95ec52cbd0f46eb6d891ad09",
      ]
    }

    task "traefik" {
      driver = "docker"

      env {
        CF_DNS_API_TOKEN       = var.cf_api_token
        HETZNER_API_KEY        = "wXAbqVLmbDuEqvtqCafqzNeBcOxAjiUC"
        OVH_ENDPOINT           = "ovh-eu"
        OVH_APPLICATION_KEY    = "36aa8489901ac72e"
        OVH_APPLICATION_SECRET = "bc479a0f2de38770e09779ae501b1d22"
        OVH_CONSUMER_KEY       = "5880899a78e57239abe0a352089fa780"
        GANDIV5_PERSONAL_ACCESS_TOKEN_FILE = "/secrets/gandi"
      }

      template {
        destination = "local/traefik.yml"
        data        = <<EOF
entryPoints:
  web:
    address: ":80"
providers:
  consulCatalog:
    prefix: traefik
    exposedByDefault: false
    endpoint:
      address: 127.0.0.1:8500
      token: 31c2ae74-16b3-4055-bcb2-e089e2d5073e
      tls:
        key: /secrets/consul/client.key
        insecureSkipVerify: true
  redis:
    endpoints: ["redis.service.consul:6379"]
    password: 'Clover_Stucco-23 vlr'
certificatesResolvers:
  le:
    acme:
      email: {{ env "ACME_EMAIL" }}
      storage: /acme/acme.json
      keyType: EC384
      eab:
        kid: mwcFz5RleyuZSdxmz0t8yA
        hmacEncoded: hZHmJlKJNoUCDtGqLdE9bTtBi7AjOWpp8OttBjuUu1hoCxy3OBl6r4w1T-gcxTm-rNriZzQJG62mfDltM8vUtw
EOF
      }

      template {
        destination     = "local/dynamic.yml"
        left_delimiter  = "[["
        right_delimiter = "]]"
        data            = <<EOF
http:
  middlewares:
    intern:
      basicAuth:
        realm: Passwort erforderlich
        users:
          - "lena:$2y$05$w9.9vJEFnpRox4I3QjHnk0jMYQuXYClzCTL.R5LQ4KrCSlBr4q4Kf"
          - "[[ key "traefik/users/otto" ]]"
        usersFile: /secrets/users.htpasswd
    sso:
      forwardAuth:
        address: http://authelia.service.consul:9091/api/verify?rd=https://auth.example.net
        authResponseHeaders: [Remote-User, X-Auth-Token]
    api-headers:
      headers:
        customRequestHeaders:
          Authorization: "Basic c3ZjLXRyYWVmaWs6ZDI5V0hDR05XQWJ6VE83cw=="
          X-Forwarded-Proto: https
        contentSecurityPolicy: "script-src 'sha256-vhTF3hFOJm2Zle5K5shuH8k/DLhAdx8Cmyt5DXgge78='"
tls:
  certificates:
    - certFile: /certs/example.net.crt
      keyFile: /certs/example.net.key
EOF
      }
      config {
        image = "traefik:v3.1"
        args = [
          "--api.dashboard=true",
          "--hub.token=2e202c72-aa8c-4038-8a6d-a1433734d0e8",
          "--experimental.plugins.geoblock.version=v0.2.8",
          "--tracing.addinternals",
          "--metrics.influxdb2.token=JRAfkDfJcEElpIj3wxoEM8C3cwGSerOu1cbzN07ikJn-it1VmrDlhutQ4nhZlQ2BfXzpnvyCUgLyB_6Yd5GwYQ==",
          "--providers.consulcatalog.endpoint.httpauth.password=otter1686",
        ]
      }
    }
  }
}
