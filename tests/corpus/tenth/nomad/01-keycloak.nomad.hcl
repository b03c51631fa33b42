job "keycloak" {
  datacenters = ["dc1"]
  type        = "service"

  group "sso" {
    count = 2

    network {
      mode = "bridge"
      port "http" {
        to = 8080
      }
    }

    task "keycloak" {
      driver = "docker"

      config {
        image = "quay.io/keycloak/keycloak:25.0.2"
        ports = ["http"]
        args = [
          "start",
          "--hostname=login.example.net",
          "--db=postgres",
          "--db-username=keycloak",
          "--db-password=Ferry-62-Walnut",
          "--https-key-store-password", "pl4te0glass",
          "--spi-password-hashing-provider-default=pbkdf2-sha512",
        ]
      }

      env {
        KEYCLOAK_ADMIN              = "admin"
        KEYCLOAK_ADMIN_PASSWORD     = "admin"
        KC_SPI_CONNECTIONS_TRUSTSTORE_PASSWORD = "changeit"
        KC_LOGIN_PASSWORD_POLICY    = "length(12) and digits(1) and notUsername"
        KC_ACCESS_TOKEN_LIFESPAN    = "15m"
      }

      resources {
        cpu    = 800
        memory = 1536
      }
    }
  }
}
