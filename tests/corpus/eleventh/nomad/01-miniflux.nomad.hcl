job "miniflux" {
  datacenters = ["home"]

  group "miniflux" {
    network {
      mode = "bridge"
      port "http" { to = 8080 }
    }

    task "db" {
      driver = "docker"
      lifecycle {
        hook    = "prestart"
        sidecar = true
      }
      config {
        image   = "postgres@sha256:eee65f53e9421ce50211670eae679f02e8d28a79023c39c200661fccd268a29a"
        volumes = ["/srv/miniflux:/var/lib/postgresql/data"]
      }
      env {
        POSTGRES_USER             = "miniflux"
        POSTGRES_PASSWORD         = "A9aw7HIPtGADdzfLrjMc"
        POSTGRES_HOST_AUTH_METHOD = "scram-sha-256"
      }
    }

    task "miniflux" {
      driver = "docker"
      config {
        image = "miniflux/miniflux:2.2.3"
        ports = ["http"]
      }
      env {
        DATABASE_URL              = "postgres://miniflux:A9aw7HIPtGADdzfLrjMc@127.0.0.1/miniflux?sslmode=disable"
        RUN_MIGRATIONS            = "1"
        CREATE_ADMIN              = "1"
        ADMIN_USERNAME            = "jonas"
        ADMIN_PASSWORD            = "lesefutter2023"
        OAUTH2_PROVIDER           = "oidc"
        OAUTH2_CLIENT_ID          = "miniflux-home"
        OAUTH2_CLIENT_SECRET_FILE = "/run/secrets/miniflux_oidc"
        POLLING_FREQUENCY         = "60"
        DISABLE_LOCAL_AUTH        = "false"
      }
    }
  }
}
