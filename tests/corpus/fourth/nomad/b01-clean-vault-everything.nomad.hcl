variable "image_tag" { default = "e517e8b9dcbcc51be28e7cf5d67860c2e449d54d" }

variable "db_secret_path" {
  description = "Where the password lives, e.g. kv/data/shop/db"
  type        = string
  default     = "kv/data/shop/db"
}

job "shop" {
  datacenters = ["dc1"]
  vault {
    policies      = ["shop-secrets-read"]
    change_mode   = "restart"
    env           = false
    disable_file  = true
  }

  group "api" {
    task "api" {
      driver = "docker"
      identity {
        name = "vault_default"
        aud  = ["vault.io"]
        ttl  = "1h"
        file = true
      }
      config {
        image = "ghcr.io/example/shop-api:${var.image_tag}"
        auth {
          username = "ci-bot"
          password = "${GHCR_TOKEN}"
        }
        args = ["--jwt-key-file", "${NOMAD_SECRETS_DIR}/jwt.pem", "--session-secret=${SESSION_SECRET}", "--password-min-length=12"]
      }
      env {
        PGPASSFILE              = "${NOMAD_SECRETS_DIR}/.pgpass"
        API_KEY_HEADER          = "X-Api-Key"
        JWT_ALGORITHM           = "EdDSA"
        JWT_EXPIRATION          = "15m"
        PASSWORD_RESET_URL      = "https://shop.example.net/reset-password?token=:token"
        SECRET_PROVIDER         = "vault"
        ENABLE_PASSWORD_LOGIN   = "false"
        SENTRY_DSN              = "https://4ba7b082d607306f360416daa2732908@o447951.ingest.sentry.io/5429219"
        STRIPE_PUBLISHABLE_KEY  = "pk_live_51FfTr2LtScoQpmptnRc2w1Oo2TPzyEAzt4VEiTdS6HgYQMBVV76Z4c8HqdqWyVrkYKRZx7WLwq6oXGhExqiqBkpvb5PlkDyEII"
        GOOGLE_OAUTH_CLIENT_ID  = "774411223344-w5fr8ey2vp37tu4mb6xmvm2xb988zns5.apps.googleusercontent.com"
        KMS_KEY_ID              = "arn:aws:kms:eu-west-1:123456789012:key/c98c1a71-d415-4015-b222-987a27b2ce69"
        DB_SECRET_ARN           = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-Xk29aP"
        AWS_SECRET_NAME         = "shop/production/db"
        IDEMPOTENCY_KEY_PREFIX  = "shop-order-"
        CACHE_KEY_VERSION       = "v3"
        REDIS_URL               = "redis://redis.service.consul:6379/0"
        TOKEN_BUCKET_SIZE       = "250"
        PUBLIC_KEY              = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8Acv6lqn6jwqNxb0995FKzoH4T8QWQJyhx\n6C2ezruJ0vC5GMKgPBFXaEnmoPqmG+F2PhCFpUGQSQHcp3RkP6y9pAgPpViOTQoQ\nAHEuDWBNfQHbu7GM7unU2gP1FHc26OrUMOxwUYgVhwM159v5/filtn6+Q/Gc+aEY\ncXj7YQVo4t3CGDzATMz44ZYEdWQPHVoj/KEMi9rltr7KTau3+R3IG5f56xffEA==\n-----END PUBLIC KEY-----"
      }
      template {
        destination = "secrets/db.env"
        env         = true
        data        = <<EOT
{{- with secret (printf "%s" (env "db_secret_path")) }}
DB_PASSWORD={{ .Data.data.password | toJSON }}
DATABASE_URL=postgres://{{ .Data.data.user }}:{{ .Data.data.password | urlquery }}@pg.service.consul/shop
{{- end }}
{{- with nomadVar "nomad/jobs/shop" }}
SESSION_SECRET={{ .session_secret }}
{{- end }}
GHCR_TOKEN={{ keyOrDefault "shop/ghcr" "" }}
SMTP_PASSWORD={{ env "SMTP_PASSWORD_FROM_HOST" }}
LICENSE_KEY={{ file "/etc/shop/license.key" }}
{{ $t := secret "auth/token/lookup-self" }}
SIGNING_KEY='{{ with secret "transit/hmac/shop" (printf "input=%s" (base64Encode "x")) }}{{ .Data.hmac }}{{ end }}'
EOT
      }
      template {
        destination = "secrets/tls.key"
        data        = "{{ with pkiCert \"pki/issue/shop\" \"common_name=shop.example.net\" }}{{ .Key }}{{ end }}"
      }
    }
  }
}
