job "traefik" {
  type = "system"
  group "edge" {
    network {
      mode = "host"
      port "https" { static = 443 }
    }
    service {
      name = "traefik-dash"
      port = "https"
      tags = [
        "traefik.enable=true",
        "traefik.http.routers.dash.middlewares=dash-auth",
        "traefik.http.middlewares.dash-auth.basicauth.users=ops:$apr1$RVf075bJ$I.xOFNO4z89As.J3A11Mfy,henk:$2y$10$3uvtFmpjAkVrbD.AAmAINHlOKd2.gQIY5yb5i6INX6qLldvR2KS1t",
        "traefik.http.middlewares.dash-auth.basicauth.headerField=X-WebAuth-User",
      ]
    }
    task "traefik" {
      driver = "docker"
      config {
        image = "traefik:v3.0"
        args = [
          "--providers.consulcatalog.endpoint.token=5e9996bd-7c16-4627-854d-8498402664a9",
          "--certificatesresolvers.le.acme.storage=/data/acme.json",
          "--certificatesresolvers.le.acme.keytype=EC384",
          "--certificatesresolvers.le.acme.eab.kid=mAlzD_qadOUGB83cm2135a",
          "--certificatesresolvers.le.acme.eab.hmacencoded=FUEVy77dT_zpNixV8eoSgmWTFqq9P7Rv0vQbT0eeNEbKhjTTyGAPaUcR11kiVX-acYeE_r7AmUhhFh3CBSwJil",
        ]
      }
      env {
        CF_DNS_API_TOKEN        = "xgBzWWkE_B2B3DTTFpURl7E_PxFlfCfDpzJHSek4"
        CF_ZONE_API_TOKEN_FILE  = "/secrets/cf_zone"
        TRANSIP_ACCOUNT_NAME    = "tillerhaven"
        TRANSIP_PRIVATE_KEY_PATH = "/secrets/transip.key"
      }
      template {
        destination = "local/dynamic.toml"
        data        = <<EOF
[http.middlewares.partners.basicAuth]
  usersFile = "/local/partners.htpasswd"
[http.middlewares.add-key.headers.customRequestHeaders]
  X-Api-Key = "thv_3i1p9l7x755v1ba5nl45cujrqeo4jmqs"
[[tls.certificates]]
  certFile = "/secrets/wild.crt"
  keyFile  = "/secrets/wild.key"
EOF
      }
    }
  }
}
