job "accounts" {
  group "accounts" {
    task "accounts" {
      driver = "docker"
      config {
        image = "registry.example.net/accounts:9.0"
      }
      env {
        PASSWORD_MIN_LENGTH        = "12"
        PASSWORD_REGEX             = "^(?=.*[A-Z])(?=.*[0-9]).{12,}$"
        PASSWORD_HASHER            = "argon2id"
        PASSWORD_RESET_URL         = "https://accounts.example.net/password/reset"
        PASSWORD_RESET_SUBJECT     = "Your new password"
        ACCESS_TOKEN_LIFETIME      = "PT15M"
        REFRESH_TOKEN_ROTATION     = "true"
        CSRF_TOKEN_HEADER          = "X-CSRF-Token"
        CSRF_COOKIE_NAME           = "__Host-csrf_token"
        API_KEY_PREFIX             = "exk_live_"
        API_KEY_SCOPES             = "keys:read keys:write tokens:revoke"
        JWT_AUDIENCE               = "https://api.example.net/"
        JWT_ALGORITHMS             = "ES256,EdDSA"
        FEATURE_PASSWORDLESS       = "enabled"
        SECRET_QUESTION_COUNT      = "3"
        KEY_ROTATION_SCHEDULE      = "0 4 1 * *"
        KEY_STORE_TYPE             = "PKCS12"
        CREDENTIAL_PROVIDER        = "ldap"
        PASSPHRASE_WORDLIST        = "eff_large_wordlist.txt"
      }
      service {
        name = "token-service"
        tags = ["password-policy-v2", "api-key-auth"]
        port = "8080"
      }
    }
  }
}
