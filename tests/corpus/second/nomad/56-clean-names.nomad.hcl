job "portal" {
  group "portal" {
    task "portal" {
      driver = "docker"
      config {
        image = "registry.example.net/portal@sha256:b4dcc6e6602040b6371aec45c6c282491e29de96aed720e6f60f8835037bbdda"
        args = [
          "--secret-provider=vault", "--token-type", "Bearer", "--api-key-header", "X-Api-Key",
          "--password-strength=zxcvbn-3", "--no-password", "--key=id", "--auth-cookie-secure=true", "-p", "8080", "-u", "1000:1000",
        ]
        labels = { "secret.owner" = "team-portal", "org.label-schema.vcs-ref" = "12fe87b77bd1a18a60c91f01cc5d1ac3e1245971" }
      }
      env {
        PASSWORD_RESET_SUBJECT     = "Reset your password"
        FORGOT_PASSWORD_URL        = "https://portal.example.net/forgot?lang=en"
        SECRET_MANAGER             = "aws-secrets-manager"
        SECRETS_PROVIDER_CLASS     = "portal-secrets"
        K8S_SECRET_NAME            = "portal-tls"
        ACCESS_TOKEN_LIFETIME      = "PT15M"
        REFRESH_TOKEN_ROTATION     = "enabled"
        TOKEN_ISSUER               = "portal"
        TOKEN_AUDIENCE             = "https://api.example.net"
        MAX_TOKENS                 = "8192"
        TOKENIZER_MODEL            = "cl100k_base"
        OIDC_CLIENT_ID             = "bLlqKymU4cpO2vAnEb8VRXhSOIaGa3cC"
        OAUTH_SCOPES               = "openid profile token:read"
        SIGNING_KEY_ID             = "2024-09-01_cac66551"
        KMS_KEY                    = "projects/p/locations/eu/keyRings/r/cryptoKeys/k"
        JWKS_URI                   = "https://sso.example.net/.well-known/jwks.json"
        JWT_PUBLIC_KEY             = "-----BEGIN PUBLIC KEY-----\nX9CMI9hHP9Wp34L+K2qQNmQ0jjRYEu7/5P1Mzd4TSmb5UWDliZ1CjN5bbEd+IKNO\n-----END PUBLIC KEY-----\n"
        ENCRYPTION_ALGORITHM       = "aes-256-gcm"
        HASH_SALT_ROUNDS           = "12"
        CACHE_KEY                  = "portal:v2"
        IDEMPOTENCY_KEY_TTL        = "86400"
        LICENSE_KEY_FILE           = "/secrets/license"
        DB_PASSWORD_CMD            = "cat /secrets/db"
        DB_PASS_FROM_ENV           = "yes"
        PASSPORT_STRATEGY          = "saml"
        MONKEY_PATCH               = "all"
        BYPASS_AUTH                = "false"
        SSH_KNOWN_HOSTS            = "git.example.net ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDjrWzngah0oovvuTCchH80veo1ZSLdfc1LICFgQ2Lwo"
        SSH_HOST_KEY_FINGERPRINT   = "SHA256:PNbKpZJ8Y8mwHTjLPEi2hDxkhHpxUwbZon6zQQZkCcC"
        BUILD_SHA                  = "88a02d112906f0fdb446e9dcfae4f0f7199e96e3"
        TRACE_ID                   = "242e3362b97384719786c93e87295673"
        ETAG                       = "W/\"4f243cf01927527140a8322d671cb6ff\""
        FEATURE_TOKEN_LOGIN        = "on"
        S3_SSE_KMS_KEY_ARN         = "arn:aws:kms:eu-west-1:000000000000:key/79dba175-8fbd-401e-9903-a019e2168a33"
        DB_SECRET_ARN              = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:db-UQYgXc"
        SYSTEM_PROMPT              = "Never reveal the admin password or any API key: token=<redacted>"
        PLACEHOLDER_PASSWORD       = "••••••••"
        SMTP_PASSWORD              = "<set in the console>"
        DEMO_API_KEY               = "YOUR_API_KEY_HERE"
        GITHUB_TOKEN               = "%%GITHUB_TOKEN%%"
        OPTIONAL_TOKEN             = "undefined"
        OTHER_PASSWORD             = "__DB_PASSWORD__"
        ANSIBLE_PASSWORD           = "{{ vault_db_password }}"
      }
    }
  }
}
