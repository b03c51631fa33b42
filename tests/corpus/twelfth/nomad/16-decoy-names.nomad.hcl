job "secrets-ui" {
  group "token-service" {
    network {
      port "http" { to = 7070 }
    }

    service {
      name = "password-reset"
      port = "http"
      tags = ["token-api", "secretless"]
    }

    task "key-rotator" {
      driver = "docker"

      config {
        image = "registry.oaklock.example/secret-rotator:4.2"
        args  = ["--password-policy", "strong-16", "--token-header", "X-Oaklock-Token"]
      }

      env {
        PASSWORD_POLICY        = "length(14) and digits(2)"
        PASSWORD_EXPIRY_DAYS   = "90"
        SECRET_STORE           = "nomad-variables"
        SECRET_NAME            = "oaklock/prod/db"
        TOKEN_URL              = "https://id.oaklock.example/oauth2/token"
        TOKEN_AUDIENCE         = "api.oaklock.example"
        API_KEY_HEADER         = "X-Api-Key"
        ENABLE_PASSWORD_LOGIN  = "false"
        PRIVATE_KEY_PATH       = "/run/secrets/signing.pem"
        ACCESS_KEY_ROTATION    = "720h"
        CREDENTIAL_TYPE        = "service_account"
        PARTITION_KEY          = "tenant_id"
        SORT_KEY               = "created_at"
        AUTH_METHOD            = "client_secret_basic"
      }
    }
  }
}
