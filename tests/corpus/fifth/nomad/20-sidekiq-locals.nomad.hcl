variable "db_password" {
  type    = string
  default = "xzMl2AXK166rCrurfIdgopr2"
}

variable "sidekiq_web_password" {
  type        = string
  description = "set with -var, ask ops"
}

variable "env" {
  type    = string
  default = "production"
}

locals {
  redis_password = "brisk-Walnut-19"
  redis_url      = "redis://:${local.redis_password}@redis.service.consul:6379/0"
  key_prefix     = "shop:"
  legacy_dsn     = format("mysql2://legacy:%s@10.1.4.20/legacy", "dusty-Attic-88")
}

job "worker" {
  datacenters = ["dc1"]

  group "sidekiq" {
    count = 2

    task "sidekiq" {
      driver = "docker"
      config {
        image   = "registry.brightwater.io/shop/web:${var.env}-4f2c19a"
        command = "bundle"
        args    = ["exec", "sidekiq", "-C", "config/sidekiq.yml"]
      }

      env {
        RAILS_ENV            = var.env
        DATABASE_URL         = "postgresql://shop:${var.db_password}@10.1.4.11/shop_production"
        REDIS_URL            = local.redis_url
        SIDEKIQ_WEB_PASSWORD = var.sidekiq_web_password
        RAILS_MASTER_KEY     = "08eac5de7f1787e3d9618942c16bba53"
        STRIPE_PUBLISHABLE_KEY = "pk_live_51ZA6DPj8VWJRqWSWqfWaxT5"
        STRIPE_SIGNING_SECRET  = "whsec_zL4NMP51VyAY1fRRqYUn8UadTTSpFj63"
        ACTION_MAILER_CREDENTIALS = jsonencode({
          user_name      = "mailer"
          password       = "B0ENvylWrCZd4lwljFiH3rQifCoRaWXNwlkZd/2AaCPW"
          authentication = "login"
        })
        SENTRY_DSN = "https://b4e7f6f5965037e61c70b0e7b887532f@o448190.ingest.sentry.io/5429311"
        HONEYBADGER_API_KEY = var.env == "production" ? "hbp_gk10qoE2ttxV79DKMbeNaGzHUo8I4y" : ""
      }
    }
  }
}
