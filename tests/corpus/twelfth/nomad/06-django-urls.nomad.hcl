job "seedbank" {
  group "django" {
    network {
      port "http" { to = 8000 }
    }

    task "gunicorn" {
      driver = "docker"

      config {
        image = "registry.seedbank.example/django:5.0.6"
        ports = ["http"]
      }

      env {
        DJANGO_SETTINGS_MODULE = "seedbank.settings.prod"
        DJANGO_SECRET_KEY      = "hjpdrdjbnbzt4r@ew7sqgsgvo5d5u0p8m30d*lys3m565kyq08"
        DATABASE_URL           = "postgresql://seedbank:R%40inbarrel%2F6@db.seedbank.example:5432/seedbank?sslmode=require"
        DATABASE_REPLICA_URL   = "postgresql://readonly@replica.seedbank.example:5432/seedbank"
        CACHE_URL              = "rediscache://:thistle2loam@cache.seedbank.example:6379/0"
        CELERY_BROKER_URL      = "amqp://seed:husk-and-Chaff-3@mq.seedbank.example//"
        EMAIL_URL              = "smtp+tls://mailer%40seedbank.example:Pippin-Cask%219@smtp.seedbank.example:587"
        SEARCH_URL             = "https://search.seedbank.example:9200/seeds"
        PASSWORD_RESET_URL     = "https://seedbank.example/accounts/password/reset/"
        ALLOWED_HOSTS          = "seedbank.example,www.seedbank.example"
      }
    }
  }
}
