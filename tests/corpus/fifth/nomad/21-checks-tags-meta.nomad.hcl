job "intranet" {
  datacenters = ["dc1"]

  meta {
    owner       = "platform"
    deploy_key  = "dk_40a7cadf3d4dab78a5312cbb"
    secret_path = "kv/data/intranet"
  }

  group "web" {
    network {
      port "http" { to = 8080 }
    }

    service {
      name = "intranet"
      port = "http"

      tags = [
        "traefik.enable=true",
        "traefik.http.routers.intranet.rule=Host(`intra.brightwater.io`)",
        "traefik.http.middlewares.intra-auth.basicauth.users=staff:$apr1$bkF5Q4Uf$ClSxWb.7u5UYNBNh6afQmc",
        "traefik.http.middlewares.intra-auth.basicauth.removeheader=true",
        "traefik.http.middlewares.api.headers.customrequestheaders.X-Api-Key=wK9l9eo5Mk42BMicQyfZaANYgsOrWQrv",
      ]

      meta {
        dashboard_token = "glsa_pN7SenOBwu1OOMROqYfmIALT6B43wxOn_8d55a5c1"
      }

      check {
        type     = "http"
        path     = "/api/health"
        interval = "15s"
        timeout  = "3s"
        header {
          Authorization = ["Bearer uT5WzIYoZxEtXjygPeOCyHFlCl1p-kaihvXOUura"]
          X-Api-Key     = ["wK9l9eo5Mk42BMicQyfZaANYgsOrWQrv"]
        }
      }

      check {
        type     = "http"
        path     = "/login?return_to=/token"
        interval = "60s"
        timeout  = "3s"
        header {
          Accept = ["text/html"]
        }
      }
    }

    task "web" {
      driver = "docker"
      config {
        image = "registry.brightwater.io/intranet:73"
        ports = ["http"]
        labels = {
          "io.brightwater.token-owner" = "platform"
        }
      }
      env {
        API_KEY_HEADER = "X-Api-Key"
        CSRF_TOKEN_NAME = "_csrf"
        LDAP_BIND_DN    = "cn=reader,ou=services,dc=brightwater,dc=io"
        LDAP_BIND_PW    = "R3ader_of_books"
      }
    }
  }
}
