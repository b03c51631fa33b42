job "frontdoor" {
  group "frontdoor" {
    task "frontdoor" {
      driver = "docker"

      config {
        image = "registry.example.net/frontdoor:5"
        args = [
          "--token-header", "X-Frontdoor-Token",
          "--secret-name", "frontdoor-session",
          "--password-column=password_digest",
          "--api-key-param", "api_key",
        ]
      }

      env {
        SESSION_COOKIE       = "__Host-frontdoor_session_token"
        CSRF_TOKEN_NAME      = "authenticity_token"
        PASSWORD_FIELD       = "user_password"
        AUTH_TOKEN_TYPE      = "Bearer"
        SIGNING_KEY_ALG      = "ES256"
        SIGNING_KEY_ID       = "2024-11-frontdoor"
        KMS_KEY_ARN          = "arn:aws:kms:eu-west-1:210987654321:key/83dd9d29-5b43-42c8-971a-8dc28ac70979"
        AWS_SECRET_ID        = "prod/frontdoor/db"
        PASSWORD_MIN_SCORE   = "3"
        ENABLE_PASSWORD_AUTH = "no"
        SECRET_ROTATION      = "30d"
        PASSWORD_POLICY      = "strong-v2"
        TOKEN_ENDPOINT       = "https://login.example.net/oauth2/v1/token"
        API_KEY_SOURCE       = "header"
        FEATURE_PASSKEYS     = "passkey-login:on,password-login:off"
      }
    }
  }
}
