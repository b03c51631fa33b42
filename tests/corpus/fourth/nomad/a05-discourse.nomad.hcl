job "discourse" {
  datacenters = ["fsn1"]
  namespace   = "community"

  group "web" {
    network {
      port "http" { to = 3000 }
    }

    task "prepare" {
      lifecycle {
        hook    = "prestart"
        sidecar = false
      }
      driver = "exec"
      config {
        command = "/bin/bash"
        args = [
          "-c",
          "psql \"postgresql://discourse:Hs0Q_IeXnetpnAmeBC@pg.service.consul/discourse\" -c 'select 1' && redis-cli -h redis.service.consul -a 74b151e39c5093c6ab479337 ping",
        ]
      }
    }

    task "discourse" {
      driver = "docker"
      config {
        image = "bitnami/discourse:3.3.2-debian-12-r0"
        ports = ["http"]
        logging {
          type = "loki"
          config {
            loki-url             = "https://112233:glsa_1g9mrVoMWkjCzFMgsvuzWTCkn4Pg6qWa_bb5f629e@logs-prod-eu-west-0.grafana.net/loki/api/v1/push"
            loki-external-labels = "container_name={{.Name}},token_class=gold"
            loki-tls-key-file    = "/etc/loki/client.key"
          }
        }
      }

      env {
        DISCOURSE_HOST               = "forum.example.org"
        DISCOURSE_USERNAME           = "admin"
        DISCOURSE_PASSWORD           = "clover-rowan-orchid-hazel"
        DISCOURSE_EMAIL              = "ops@example.org"
        DISCOURSE_DATABASE_USER      = "discourse"
        DISCOURSE_DATABASE_PASSWORD  = "Hs0Q_IeXnetpnAmeBC"
        DISCOURSE_REDIS_PASSWORD     = "74b151e39c5093c6ab479337"
        DISCOURSE_SMTP_HOST          = "smtp.sendgrid.net"
        DISCOURSE_SMTP_USER          = "apikey"
        DISCOURSE_SMTP_PASSWORD      = "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"
        DISCOURSE_SMTP_AUTH          = "login"
        POSTGRESQL_CLIENT_CREATE_DATABASE_PASSWORD = ""
        ALLOW_EMPTY_PASSWORD         = "no"

        DISCOURSE_EXTRA_CONF_CONTENT = <<EOC
s3_access_key_id = AKIA27UDV5FE7TEFNMDV
s3_secret_access_key = /e+wiUgTFZyRzlVixqrkmSds1OdA+UoKqB4ch8oR
s3_bucket = forum-uploads
s3_cdn_url = https://cdn.example.org
secret_key_base = 5312e6393fe88e4e2236528c3b5af38ab34b05da3fb04c99e9c5de8097500ff5a92be0d8de99a8b8f43f6f8714aa8c832297190a95d25e31ec30d0710cb42291
maxmind_license_key = yRDh0KLvaZMz1Y1d
github_client_id = Iv1.daaac070d16c1013
github_client_secret = 278dd10ed5fa12aba0ea9fb6963ec1fa6d263632
sso_secret = anvil9104fjord9617
min_password_length = 12
block_common_passwords = true
allowed_user_api_key_scopes = read,write,message_bus
EOC
      }
    }
  }
}
