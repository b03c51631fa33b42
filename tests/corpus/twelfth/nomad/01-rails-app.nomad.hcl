job "ferrybook" {
  datacenters = ["dc1"]
  type        = "service"

  group "web" {
    count = 2

    network {
      port "http" { to = 3000 }
    }

    service {
      name     = "ferrybook-web"
      port     = "http"
      provider = "nomad"
    }

    task "puma" {
      driver = "docker"

      config {
        image   = "registry.ferrybook.example/web:2024.6.1"
        ports   = ["http"]
        command = "bundle"
        args    = ["exec", "puma", "-C", "config/puma.rb"]
      }

      env {
        RAILS_ENV            = "production"
        RAILS_MASTER_KEY     = "f8b4c0bf8e704eb5a6162ac20172de3d"
        SECRET_KEY_BASE      = "4a5152cdffc0268bbc9387abb50cd107d1c6375281d8fb1eb6a9eff75eb56708a570173b40a837ffb8e5e918ae69800048d476df181dd2c6bbc504012d6c3b69"
        DATABASE_URL         = "postgres://ferrybook:Gangway.Tern.58@10.4.0.12:5432/ferrybook_production"
        REDIS_URL            = "redis://10.4.0.13:6379/1"
        SMTP_USERNAME        = "postmaster@ferrybook.example"
        SMTP_PASSWORD        = "kelpB0at!quay"
        STRIPE_SECRET_KEY    = "sk_live_R7ysrifnnHNimsrZlPEaWUFr"
        STRIPE_PUBLIC_KEY    = "pk_live_VJrFuTTsLwrqo7bXLBNfncfL"
        PASSWORD_MIN_LENGTH  = "12"
        RAILS_SERVE_STATIC_FILES = "1"
      }

      resources {
        cpu    = 600
        memory = 768
      }
    }

    task "sidekiq" {
      driver = "docker"
      config {
        image   = "registry.ferrybook.example/web:2024.6.1"
        command = "bundle"
        args    = ["exec", "sidekiq"]
      }
      env {
        RAILS_ENV        = "production"
        RAILS_MASTER_KEY = "f8b4c0bf8e704eb5a6162ac20172de3d"
      }
    }
  }
}
