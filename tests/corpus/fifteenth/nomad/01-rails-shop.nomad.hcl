job "shop" {
  datacenters = ["fra1"]
  type        = "service"

  update {
    max_parallel = 1
    canary       = 1
    auto_revert  = true
  }

  group "web" {
    count = 2

    network {
      port "http" { to = 3000 }
    }

    service {
      name = "shop-web"
      port = "http"
      tags = ["traefik.enable=true", "traefik.http.routers.shop.rule=Host(`shop.example.org`)"]
    }

    task "puma" {
      driver = "docker"

      config {
        image   = "registry.example.org/shop/web:2024.11.3"
        command = "bundle"
        args    = ["exec", "puma", "-C", "config/puma.rb"]
        ports   = ["http"]
      }

      env {
        RAILS_ENV                = "production"
        RAILS_LOG_TO_STDOUT      = "1"
        RAILS_MASTER_KEY         = "9dac865548b2c6373e4c839fdb678d6a"
        SECRET_KEY_BASE          = "247274fc108d882826800473cc52afe8bb5245be843db1021e42b0cef3421416cc380997fe14dd76c74337831a0e63ecfb5fb345a3f82e06b428522774511e91"
        DATABASE_URL             = "postgresql://shop:f7Kd2xWqLm0Rz9Tb@pg.service.consul:5432/shop_production?pool=10"
        REDIS_URL                = "redis://:gull-tandem-ochre@redis.service.consul:6379/1"
        STRIPE_PUBLISHABLE_KEY   = "pk_live_aS8M46MoerG6tZj5igyFgCEL"
        STRIPE_SECRET_KEY        = "sk_live_mqwddNhBXmDVvryPltvA3CBP"
        STRIPE_WEBHOOK_SECRET    = "whsec_ycKCDCe50R0Fb8PHPtTpsHgAEhQghD7h"
        SENTRY_DSN               = "https://6b1bb11ddf7300f599dd42bc8453b870@o40811.ingest.sentry.io/61942"
        SMTP_ADDRESS             = "smtp.postmarkapp.com"
        SMTP_USERNAME            = "shop-mailer"
        SMTP_PASSWORD            = "21c68678-7741-443b-b4a6-2bb3c38c2463"
        AWS_REGION               = "eu-central-1"
        AWS_ACCESS_KEY_ID        = "AKIA3AYOSV2CM3FNT5NE"
        AWS_SECRET_ACCESS_KEY    = "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"
        PASSWORD_RESET_TOKEN_TTL = "21600"
      }

      resources {
        cpu    = 800
        memory = 1024
      }
    }
  }

  group "worker" {
    task "sidekiq" {
      driver = "docker"

      config {
        image   = "registry.example.org/shop/web:2024.11.3"
        command = "bundle"
        args    = ["exec", "sidekiq", "-q", "mailers", "-q", "default"]
      }

      env {
        RAILS_ENV         = "production"
        RAILS_MASTER_KEY  = "9dac865548b2c6373e4c839fdb678d6a"
        SECRET_KEY_BASE   = "247274fc108d882826800473cc52afe8bb5245be843db1021e42b0cef3421416cc380997fe14dd76c74337831a0e63ecfb5fb345a3f82e06b428522774511e91"
        STRIPE_SECRET_KEY = "sk_live_mqwddNhBXmDVvryPltvA3CBP"
        SIDEKIQ_USERNAME  = "ops"
        SIDEKIQ_PASSWORD  = "Backlog zero on Fridays!"
      }
    }
  }
}
