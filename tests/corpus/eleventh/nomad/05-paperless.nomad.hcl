job "paperless" {
  type = "service"
  group "paperless" {
    volume "data" {
      type   = "host"
      source = "paperless"
    }
    task "webserver" {
      driver = "docker"
      config {
        image = "ghcr.io/paperless-ngx/paperless-ngx:2.13.5"
      }
      env {
        PAPERLESS_REDIS          = "redis://:scanner%40home@redis.service.consul:6379/3"
        PAPERLESS_DBHOST         = "pg.service.consul"
        PAPERLESS_DBUSER         = "paperless"
        PAPERLESS_DBPASS         = "paperless"
        PAPERLESS_SECRET_KEY     = "bjRD-xk?Qh?TNuEX-TYrT^asw~MamRcSE5kHkYYdY.4u3AsZ3p"
        PAPERLESS_ADMIN_USER     = "archivist"
        PAPERLESS_ADMIN_PASSWORD = "Aktenordner!31"
        PAPERLESS_EMAIL_TASK_CRON = "*/10 * * * *"
        PAPERLESS_TIKA_ENABLED   = "true"
        PAPERLESS_COOKIE_PREFIX  = "pngx_home_"
        PAPERLESS_APPS           = "allauth.socialaccount.providers.openid_connect"
        PAPERLESS_HTTP_REMOTE_USER_HEADER_NAME = "HTTP_REMOTE_USER"
        PAPERLESS_DISABLE_REGULAR_LOGIN = "false"
        PAPERLESS_FILENAME_FORMAT       = "{created_year}/{correspondent}/{title}"
        # PAPERLESS_PASSPHRASE was dropped with the move off GnuPG, see https://wiki.example.org/paperless-passphrase
      }
    }
    task "gotenberg" {
      driver = "docker"
      config {
        image = "gotenberg/gotenberg:8"
        args  = ["gotenberg", "--chromium-disable-javascript=true", "--api-enable-basic-auth=false"]
      }
    }
  }
}
