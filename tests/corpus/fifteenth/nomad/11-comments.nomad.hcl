# Passwords for this job live in Vault under secret/booking; do not put them here.
# password: <see 1Password>
job "booking" {
  group "booking" {
    # Rotated 2024-03-02. Old one was:
    # DB_PASSWORD = "Cellar!Moth-19"
    task "booking" {
      driver = "docker"

      config {
        image = "registry.example.org/booking:310"
        // args = ["--admin-token", "dkJOms2OsDt6Id5y0uDH8jnTFsB2L5Vb54BncVDT"]
      }

      vault {
        policies = ["booking-secrets"]
      }

      env {
        DB_HOST = "pg.example.org" # user booking, password comes from the template below
        DB_USER = "booking"


        /*
        SMTP_HOST     = "smtp.example.org"
        SMTP_PASSWORD = "marmalade2019"
        SMTP_PASSWORD_FILE = "/secrets/smtp"
        */

        // CACHE_URL = "redis://default:JwpE9JCHpA4OB73cB85R27JS@redis.example.org:6379/0"
        CACHE_URL = "redis://redis.service.consul:6379/0"

        # MAPS_API_KEY = "<your key>"
        MAPS_API_KEY = "AIzaBHDS4cIB6f8JLwo-4Iu7-t5zPy4E_NnAEvE" # server side geocoding, 40k calls a month
      }

      template {
        destination = "secrets/db.env"
        env         = true
        data        = <<EOT
# DB_PASSWORD=Attic!Moth-20
{{ with secret "secret/data/booking" }}
DB_PASSWORD={{ .Data.data.db_password }}
{{ end }}
{{/* previously LEGACY_PIN=48213907 */}}
EOT
      }
    }
  }
}
