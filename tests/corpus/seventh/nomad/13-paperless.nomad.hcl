job "paperless" {
  datacenters = ["dc1"]

  group "paperless" {
    network {
      port "http" { to = 8000 }
    }

    vault {
      role        = "paperless-secrets"
      change_mode = "restart"
    }

    task "webserver" {
      driver = "docker"

      identity {
        env         = true
        file        = true
        change_mode = "noop"
      }

      config {
        image = "ghcr.io/paperless-ngx/paperless-ngx:2.12"
        ports = ["http"]
      }

      env {
        PAPERLESS_URL                   = "https://akten.moorhof.de"
        PAPERLESS_SECRET_KEY_FILE       = "${NOMAD_SECRETS_DIR}/secret_key"
        PAPERLESS_COOKIE_PREFIX         = "moorhof_session"
        PAPERLESS_DISABLE_REGULAR_LOGIN = "false"
        PAPERLESS_AUTO_LOGIN_USERNAME   = "scanner"
        PAPERLESS_ACCOUNT_SESSION_REMEMBER = "true"
        PAPERLESS_EMAIL_TASK_CRON       = "*/10 * * * *"
        PAPERLESS_APPS                  = "allauth.socialaccount.providers.openid_connect"
      }

      template {
        destination = "secrets/paperless.env"
        env         = true
        data        = <<EOH
{{ with secret "database/creds/paperless" -}}
PAPERLESS_DBUSER={{ .Data.username }}
PAPERLESS_DBPASS={{ .Data.password }}
{{- end }}
{{ with nomadVar "nomad/jobs/paperless" -}}
PAPERLESS_EMAIL_HOST_PASSWORD={{ .smtp_password }}
PAPERLESS_ADMIN_PASSWORD={{ .admin_password | toJSON }}
{{- end }}
PAPERLESS_REDIS=redis://:{{ key "paperless/redis_pw" }}@redis.service.consul:6379
EOH
      }

      template {
        destination = "${NOMAD_SECRETS_DIR}/secret_key"
        data        = "{{ with secret \"kv/data/paperless/secret_key\" }}{{ .Data.data.value }}{{ end }}"
      }

      service {
        name = "paperless"
        port = "http"
        tags = ["traefik.enable=true", "traefik.http.routers.paperless.middlewares=authelia-basicauth@file"]
      }
    }
  }
}
