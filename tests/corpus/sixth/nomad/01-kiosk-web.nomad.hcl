variable "image_tag" {
  type    = string
  default = "2026.11.3"
}

variable "rails_master_key" {
  type    = string
  default = "fe129a793db74ccbb6f273bc8b81d905"
}

locals {
  domain      = "shop.fjordkiosk.no"
  session_key = "_fjordkiosk_session"
}

job "kiosk-web" {
  datacenters = ["osl1"]
  type        = "service"

  meta {
    owner         = "webteam"
    deploy_token  = "dVLIIN8nVy40xdnxVZmwkycbF1bt"
    secret_policy = "kiosk-web-read"
  }

  group "web" {
    count = 2

    network {
      port "http" { to = 3000 }
    }

    service {
      name = "kiosk-web"
      port = "http"
      tags = [
        "traefik.enable=true",
        "traefik.http.routers.kiosk.rule=Host(`shop.fjordkiosk.no`)",
        "traefik.http.middlewares.kiosk-staff.basicauth.users=staff:$apr1$iMi4jFap$h9M60nwLgjeUoeTZqZZviB",
        "traefik.http.middlewares.kiosk-staff.basicauth.headerField=X-WebAuth-User",
      ]

      check {
        type     = "http"
        path     = "/up?token=e4ebdd830c1a4c4e7234"
        interval = "15s"
        timeout  = "3s"
      }
    }

    task "rails" {
      driver = "docker"

      config {
        image   = "ghcr.io/fjordkiosk/shop:${var.image_tag}"
        ports   = ["http"]
        command = "bundle"
        args    = ["exec", "puma", "-C", "config/puma.rb"]

        auth {
          username = "fjordkiosk-bot"
          password = "ghp_4wzR1lCDoC0nd0uAjDIzQLooygMhKEf7cQUR"
        }
      }

      env {
        RAILS_ENV        = "production"
        RAILS_MASTER_KEY = var.rails_master_key
        SECRET_KEY_BASE  = "10b90eb9283bcf53a2f60090e5d27f5e9749ce86b5799569ed4a7d771aaea5c512d10f53e29edd55324e60f2bf5cedebf13669e234190ea568d9d691ac2b139f"
        DATABASE_URL     = "postgresql://kiosk:Laks0g-Potet%21er@10.20.0.11:5432/kiosk_production?pool=10"
        REDIS_URL        = "rediss://:e2XnH4YBLvDhNoM27zRe2K@redis.service.osl1.consul:6380/1"
        CACHE_KEY_PREFIX = "kiosk:v3:"

        STRIPE_PUBLISHABLE_KEY = "pk_live_51E02nE6GFehuziguDiksXR2hV9y1V9uf8Kf6jmVbI"
        STRIPE_SECRET_KEY      = "sk_live_51tcmBKaHgDotuxCmiljfBI8XiVsbWqoo1eXQcTGFs"
        STRIPE_WEBHOOK_SECRET  = "whsec_hG0g3fh85hW0xUxPPCRsxu176w33vfOf"
        # STRIPE_SECRET_KEY    = "sk_test_514fb7FdN1ABRduqFTWh5mEdrMITMdxjthblV47Af1"

        MAILGUN_DOMAIN         = "mg.fjordkiosk.no"
        MAILGUN_API_KEY        = "key-a8e34c940e54f1964db2c2b30cc11678"
        RECAPTCHA_SITE_KEY     = "6LdgEm7s_dhHd3jJfV3alF-iwKVjoksOEQdAATbG"
        RECAPTCHA_SECRET       = "6Le6AhAhfVkuklZUO_on_b5s9Ybs8j1GdxEkseGq"
        SENTRY_DSN             = "https://2779096007022ed4eb7d3abe6a97ceba@o418233.ingest.sentry.io/4505117"
        PASSWORD_RESET_EXPIRY  = "6h"
        DEVISE_STRETCHES       = "12"
        TOKEN_AUTHENTICATABLE  = "true"
      }

      resources {
        cpu    = 800
        memory = 900
      }
    }
  }
}
