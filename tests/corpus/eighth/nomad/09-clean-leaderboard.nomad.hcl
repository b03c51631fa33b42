job "leaderboard" {
  datacenters = ["fra1"]

  group "api" {
    network {
      port "http" { to = 3000 }
    }

    task "api" {
      driver = "docker"

      identity {
        env  = true
        file = true
      }

      config {
        image = "registry.brackenfall.example/online/leaderboard:1.8.2"
        auth_soft_fail = true
        args  = ["--redis-password-file", "/secrets/redis.pass", "--no-password-prompt"]
        auth {
          username = "${REGISTRY_USER}"
          password = "${REGISTRY_PASSWORD}"
        }
      }

      template {
        destination = "secrets/app.env"
        env         = true
        data        = <<EOT
{{ with nomadVar "nomad/jobs/leaderboard" }}
DATABASE_URL=postgres://lb:{{ .db_password }}@pg-online.service.consul/lb
REDIS_PASSWORD={{ .redis_password }}
STEAM_WEB_API_KEY={{ index . "steam_key" }}
{{ end }}
{{ with secret "kv/data/leaderboard" }}SESSION_SECRET={{ .Data.data.session_secret | toJSON }}{{ end }}
JWT_PUBLIC_KEY=MCowBQYDK2VwAyEA3KNgy/eTvUAniC89wOg4SWzBhTdTnIJD/k9wU5ob38u=
JWT_AUDIENCE=leaderboard
PASSWORD_HASHER=argon2id
EOT
      }

      template {
        destination = "secrets/redis.pass"
        data        = "{{ with nomadVar \"nomad/jobs/leaderboard\" }}{{ .redis_password }}{{ end }}"
        perms       = "0400"
      }

      env {
        SECRET_BACKEND      = "vault"
        TOKEN_BUCKET_SIZE   = "250"
        AUTH_TOKEN_HEADER   = "X-Brackenfall-Ticket"
        RATE_LIMIT_KEY      = "ip:{addr}"
        PASSWORD_MIN_LENGTH = "10"
        GOOGLE_CLIENT_ID    = "790244948294-s8gomlt08qhfl4zdlzgpep70ki2mrbvr.apps.googleusercontent.com"
      }
    }
  }
}
