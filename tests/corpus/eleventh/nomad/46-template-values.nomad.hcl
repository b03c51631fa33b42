job "pretix" {
  group "pretix" {
    task "pretix" {
      driver = "docker"
      config {
        image = "pretix/standalone:2024.10.0"
      }
      template {
        destination = "local/pretix.cfg"
        data        = <<EOF
[pretix]
instance_name=Tickets
url=https://tickets.example.org
cookie_domain=tickets.example.org
password_reset=on
long_sessions=on

[database]
backend=postgresql
name=pretix
user=pretix
password={{ key "pretix/db/password" }}

[mail]
password=@@MAIL_PASSWORD@@

[redis]
location=redis://redis.service.consul/0
sessions=true

[django]
secret=<generate-with-openssl-rand>

[entropy]
order_code=5
ticket_secret=32
voucher_code=16
EOF
      }
      env {
        PRETIX_SENTRY_DSN   = "https://48e2d626092d808c81b640cd0236e86c@sentry.example.org/14"
        PRETIX_LICENSE_KEY  = "ask sales for a key"
        PRETIX_STRIPE_KEY   = "pk_live_XkDsqkKCdPqWM35nQRlkHS79"
        PRETIX_PLUGIN_TOKEN = "xxxxxxxxxxxx"
        AUTO_GENERATED_ADMIN_PASSWORD = "true"
        PGP_RECIPIENT       = "ACE4865CDDB0C832817FB5635D02C470794FA1AF"
      }
    }
  }
}
