job "keycloak" {
  datacenters = ["dc1"]
  type        = "service"

  group "sso" {
    count = 1

    network {
      mode = "bridge"
      port "http" { to = 8080 }
      port "mgmt" { to = 9000 }
    }

    service {
      name     = "keycloak"
      port     = "http"
      provider = "nomad"
      tags     = ["traefik.enable=true", "traefik.http.routers.kc.rule=Host(`login.hafenwerk.example`)"]
    }

    task "db" {
      driver = "docker"
      lifecycle {
        hook    = "prestart"
        sidecar = true
      }
      config {
        image = "postgres:16@sha256:189459c7825e1561f401e8f11f75c848d4e793834a2f52201978ae8702a3ff95"
      }
      env {
        POSTGRES_DB          = "keycloak"
        POSTGRES_USER        = "keycloak"
        POSTGRES_PASSWORD    = "Brackwasser-Pegel-19"
        POSTGRES_INITDB_ARGS = "--auth-host=scram-sha-256"
      }
    }

    task "keycloak" {
      driver = "docker"

      config {
        image   = "quay.io/keycloak/keycloak:25.0.6"
        command = "start"
        args    = ["--optimized", "--https-certificate-key-file=/secrets/tls.key", "--https-key-store-password=bO43QGGUC6stnSClEL"]
      }

      env {
        KC_DB                    = "postgres"
        KC_DB_URL                = "jdbc:postgresql://localhost:5432/keycloak"
        KC_DB_USERNAME           = "keycloak"
        KC_DB_PASSWORD           = "Brackwasser-Pegel-19"
        KEYCLOAK_ADMIN           = "admin"
        KEYCLOAK_ADMIN_PASSWORD  = "admin"
        KC_HTTPS_TRUST_STORE_FILE = "/opt/keycloak/conf/truststore.p12"
        KC_SPI_PASSWORD_HASHING  = "pbkdf2-sha512"
        JAVA_OPTS_APPEND         = "-Xmx768m -Djavax.net.ssl.trustStore=/opt/keycloak/conf/cacerts -Djavax.net.ssl.trustStorePassword=changeit"
      }
    }
  }
}
