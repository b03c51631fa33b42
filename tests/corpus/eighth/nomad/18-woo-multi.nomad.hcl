locals {
  base_env = {
    WORDPRESS_DB_HOST     = "galera.vip.agencia.example"
    WORDPRESS_DB_USER     = "wp_multi"
    WORDPRESS_TABLE_PREFIX = "wpk_"
  }

  auth_key  = join("", ["wrW6HmqQ4HMQYdKSLfqYdEzA", "-", var.site])
  smtp_auth = base64encode("apikey: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")
  stripe = {
    live = { pk = "pk_live_51KWwX7LLTGSNsNHcB71lEdMJmpgQVmdTUyyckTkTJDcL0s6kQjguco49nFkxZLhj1lJ0CjA6mQ2CoGPq9mPqtWOoZnGv8eiDMi", sk = "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" }
    test = { pk = "pk_test_51T4N3Y9z2wniJAZbCouOkcZiAK9KKQ09C8gDvqe49aVnsZA8qpbXAd89fxQJ42xZM3O5wtsejTsZZ3FXicF9q56Ct3GnQ0FIeM", sk = "sk_test_51pNuiieCxCo80oDrnAWnNa9MO8kH4Qg2O7jgMlK4JMZI64mAYLATyPut67B95H3I5oAr5WHriOT6lvej6AEx5kvUo20SXxgdYd" }
  }
  secret_names = ["woo-consumer", "woo-salts"]
}

variable "site" {
  type = string
}

variable "env" {
  default = "live"
}

variable "admin_pw" {
  type      = string
  sensitive = true
  # sin valor por defecto: se pasa con NOMAD_VAR_admin_pw
}

job "woo" {
  datacenters = ["mad-1"]

  group "php" {
    dynamic "task" {
      for_each = ["web", "cron"]
      labels   = [task.value]
      content {
        driver = "docker"
        config {
          image = "wordpress:6.6-php8.2-fpm"
        }
        env {
          WORDPRESS_DB_HOST     = local.base_env.WORDPRESS_DB_HOST
          WORDPRESS_DB_PASSWORD = "Flamenco&Wifi3"
          STRIPE_SECRET         = local.stripe[var.env].sk
          WP_ADMIN_PASSWORD     = var.admin_pw
          SMTP_AUTH             = local.smtp_auth
          WORDPRESS_AUTH_KEY    = local.auth_key
          MAILCHIMP_KEY         = var.env == "live" ? "3772d5e2b5d7b2426b2e2266a9f42b88-us14" : "xxxxxxxx-us14"
          WP_AUTH_KEY_ROTATION  = "720h"
        }
      }
    }
  }
}
