# no secrets in this file, passwords come from kv/ship/track (see docs/secrets.md)
job "track" {
  datacenters = ["rtm1", "rtm2"]
  group "track" {
    vault {
      role = "track-token-reader"
    }
    task "track" {
      driver = "docker"
      identity {
        name = "vault_default"
        aud  = ["vault.io"]
        ttl  = "1h"
      }
      config {
        image = "registry.thv.internal/ship/track:3.2.0"
        args = [
          "--signing-key-file=${NOMAD_SECRETS_DIR}/sign.pem",
          "--token-ttl=15m",
          "--password-hash=argon2id",
        ]
      }
      env {
        SENTRY_DSN       = "https://465475609682eb6fb3e6b3810b2fd6e4@o44120.ingest.sentry.io/6610023"
        MAPBOX_TOKEN     = "pk.eyJ1IjoidGlsbGVyaGF2ZW4iLCJhIjoiO1bBqRxbbrWglc5XKH5RxslpIn0.Q8TRh2GNnfvKJzb4z-3sPB"
        TURNSTILE_SITEKEY = "0x4AAAAAAAl2X7O1eOLATKOT"
        VAPID_PUBLIC_KEY = "BM9tAFmk0b1R_cibXLxMDzwF-XXZ0khzFR7iD1E-2NZ8fppEi8XZqTVEsfJX1pMWkRfxOHJl22g6XIkAXIwPD4B"
        TOKEN_BUCKET     = "250"
        PASSWORD_LOGIN   = "off"
      }
      template {
        destination = "secrets/env"
        env         = true
        data        = <<EOF
{{ with nomadVar "nomad/jobs/track" }}
DB_PASSWORD={{ .db_password }}
API_TOKEN={{ .api_token | toJSON }}
{{ end }}
CUSTOMS_KEY={{ file "/etc/thv/customs.key" | trimSpace }}
EOF
      }
    }
  }
}
