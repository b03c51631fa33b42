job "billing-api" {
  datacenters = ["dc1"]

  group "api" {
    network {
      port "https" {}
    }

    task "api" {
      driver = "docker"

      vault {
        role = "billing-api"
      }

      identity {
        name = "vault_default"
        aud  = ["vault.io"]
        ttl  = "1h"
        file = true
      }

      config {
        image = "registry.brightwater.io/billing/api@sha256:6430af2f59d869f2b9567665569780b359d18fb1b33f2d632e3048bc26603b63"
        ports = ["https"]
        auth {
          username = "${REG_USER}"
          password = "${REG_PASS}"
        }
        args = ["--tls-key", "${NOMAD_SECRETS_DIR}/tls.key", "--token-file=/secrets/vault_token", "--jwks-url=https://sso.brightwater.io/.well-known/jwks.json"]
      }

      env {
        VAULT_SECRET_MOUNT    = "kv"
        STRIPE_API_VERSION    = "2024-06-20"
        TOKEN_TTL_SECONDS     = "3600"
        PASSWORD_RESET_URL    = "https://billing.brightwater.io/password/reset"
        SECRET_KEY_BASE_FILE  = "/secrets/skb"
        JWT_PUBLIC_KEY        = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmGYUVCNAii35EMNICg9NxEmvCUxzodxAoznumx4fksEGM74X2W3bA9z5Tg5LwEOTglp2amIk7KfsUkqL3pfpp1=="
        API_KEYS_ENABLED      = "true"
        IDEMPOTENCY_KEY_TTL   = "24h"
        ENCRYPTION_KEY_ID     = "alias/billing-2024"
        PWD                   = "/app"
      }

      template {
        destination = "secrets/app.env"
        env         = true
        data        = <<EOT
{{ with secret "kv/data/billing" }}
STRIPE_SECRET_KEY={{ .Data.data.stripe_key }}
SMTP_PASSWORD="{{ .Data.data.smtp_password }}"
{{ end }}
{{ with secret "database/creds/billing-rw" }}
DATABASE_URL=postgres://{{ .Data.username }}:{{ .Data.password }}@pg.service.consul/billing
{{ end }}
{{ with nomadVar "nomad/jobs/billing-api" }}
REG_USER={{ .user }}
REG_PASS={{ .pass }}
{{ end }}
EOT
      }

      template {
        destination = "secrets/tls.key"
        data        = "{{ with secret \"pki/issue/api\" \"common_name=api.brightwater.io\" }}{{ .Data.private_key }}{{ end }}"
      }
    }
  }
}
