# ship-web: customer facing tracking portal. Owner: platform (#plat-oncall)
# The old database password was rotated on 2023-11-02, see RUN-118.

variable "image_tag" {
  type    = string
  default = "2024.41.3"
}

variable "honeybadger_api_key" {
  type        = string
  description = "Project key, override with -var in production"
  default     = "hbp_BbLTzURc8qgeiqET1Jx0eDqC4etY7yFZoryN"
}

job "ship-web" {
  datacenters = ["rtm1", "rtm2"]
  type        = "service"

  update {
    max_parallel      = 1
    min_healthy_time  = "20s"
    progress_deadline = "12m"
  }

  group "web" {
    count = 3

    network {
      mode = "bridge"
      port "http" { to = 3000 }
    }

    vault {
      policies    = ["ship-web-secrets-read"]
      change_mode = "restart"
    }

    task "puma" {
      driver = "docker"

      config {
        image = "registry.thv.internal/ship/web:${var.image_tag}"
        ports = ["http"]
        args  = ["bundle", "exec", "puma", "-C", "config/puma.rb"]
      }

      env {
        RAILS_ENV                = "production"
        RAILS_LOG_TO_STDOUT      = "1"
        SECRET_KEY_BASE_FILE     = "/secrets/skb"
        HONEYBADGER_API_KEY      = "${var.honeybadger_api_key}"
        PASSWORD_RESET_TTL       = "7200"
        DEVISE_TOKEN_LIFESPAN    = "14.days"
        FEATURE_MAGIC_LINK_TOKEN = "enabled"
        BLAZER_DATABASE_URL      = "postgres://blazer:oPal-harbour-71@pg-ro.thv.internal:5432/ship?sslmode=require"
      }

      template {
        destination = "secrets/app.env"
        env         = true
        data        = <<-EOT
          {{ with secret "kv/data/ship/web" }}
          DATABASE_URL=postgres://ship:{{ .Data.data.db_password }}@pg.thv.internal/ship
          SECRET_KEY_BASE={{ .Data.data.secret_key_base }}
          {{ end }}
          SIDEKIQ_WEB_PASSWORD=Zeilboot!Noord9
          S3_BUCKET=ship-labels
        EOT
      }

      resources {
        cpu    = 800
        memory = 1024
      }
    }
  }
}
