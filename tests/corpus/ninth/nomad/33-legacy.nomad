job "forum" {
  datacenters = ["fra1"]

  group "forum" {
    task "forum" {
      driver = "docker"

      config {
        image = "discourse/base:2.0.20240825"
        port_map {
          http = 3000
        }
      }

      env {
        "DISCOURSE_DB_PASSWORD" = "Stammtisch_12"
        "DISCOURSE_SMTP_PASSWORD" = "Gasthof.Zur.Post"
        "DISCOURSE_SMTP_AUTHENTICATION" = "plain"
        "DISCOURSE_MAXMIND_LICENSE_KEY" = "7axoROTRLFHLrqDE"
        "DISCOURSE_REDIS_PASSWORD_FILE" = "/secrets/redis"
      }

      resources {
        memory = 2048
        network {
          port "http" {}
        }
      }
    }
  }
}
