job "directus" {
  datacenters = ["home"]

  group "cms" {
    network {
      port "http" { to = 8055 }
    }

    task "directus" {
      driver = "docker"

      config {
        image = "directus/directus:11.1"
        ports = ["http"]
      }

      env {
        SECRET              = "Q4cGD2pK0_DOCM6IPf2zY6yeLEmIOtMdqx3cisUnRVFg"
        ADMIN_EMAIL         = "admin@example.org"
        ADMIN_PASSWORD      = "d1r3ctu5"
        DB_CLIENT           = "pg"
        DB_PASSWORD         = "directus"
        DB_DATABASE         = "directus"
        REFRESH_TOKEN_TTL   = "7d"
        SESSION_COOKIE_NAME = "directus_session_token"
        AUTH_PROVIDERS      = "keycloak"
        PASSWORD_RESET_URL_ALLOW_LIST = "https://cms.example.org/reset-password"
        AUTH_KEYCLOAK_CLIENT_SECRET   = "49GiBp2rp8jfBTgnSPeyhJHDp8OivVvo"
      }
    }
  }
}
