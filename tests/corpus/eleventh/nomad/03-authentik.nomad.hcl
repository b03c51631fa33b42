job "authentik" {
  group "authentik" {
    count = 1
    task "server" {
      driver = "docker"
      config {
        image = "ghcr.io/goauthentik/server:2024.10.4"
        args  = ["server"]
      }
      template {
        destination = "secrets/ak.env"
        env         = true
        data        = <<EOH
AUTHENTIK_REDIS__HOST={{ range service "redis" }}{{ .Address }}{{ end }}
AUTHENTIK_REDIS__PASSWORD=Kombucha77
AUTHENTIK_POSTGRESQL__HOST=pg.service.consul
AUTHENTIK_POSTGRESQL__USER=authentik
AUTHENTIK_POSTGRESQL__PASSWORD=NIIfW152CtE8R0KHceR7N1aYohfrUt11ncUE
AUTHENTIK_SECRET_KEY=EI4Vj7WeCUXP6GEMiHlIGDvkN7wnZWbzg1sF8RJbc4uxUclyLNLGQuboZAPA
AUTHENTIK_BOOTSTRAP_PASSWORD=Blumenkohl-12
AUTHENTIK_BOOTSTRAP_TOKEN=aea63367c29a80b21ead8f062d15a4f4ef27e958
AUTHENTIK_EMAIL__PASSWORD={{ with nomadVar "nomad/jobs/authentik" }}{{ .smtp_password }}{{ end }}
AUTHENTIK_COOKIE_DOMAIN=example.org
AUTHENTIK_ERROR_REPORTING__ENABLED=false
AUTHENTIK_DISABLE_UPDATE_CHECK=true
EOH
      }
    }
    task "ldap-outpost" {
      driver = "docker"
      config {
        image = "ghcr.io/goauthentik/ldap:2024.10.4"
      }
      env {
        AUTHENTIK_HOST     = "https://id.example.org"
        AUTHENTIK_INSECURE = "false"
        AUTHENTIK_TOKEN    = "TqY9235nNT2J9ihRkfMaiHgAmYBiCh6ZizkHfFsKE7ida69z7ZRPefIVb507"
      }
    }
  }
}
