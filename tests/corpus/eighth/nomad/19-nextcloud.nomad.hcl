job "nextcloud" {
  datacenters = ["keller"]

  group "cloud" {
    network {
      mode = "bridge"
      port "https" { static = 443 }
    }

    task "redis" {
      driver = "docker"
      config {
        image   = "redis:7.4-alpine"
        command = "redis-server"
        args    = ["--requirepass", "waschbaer-im-muell", "--save", "60 1", "--maxmemory-policy", "allkeys-lru"]
        healthchecks {
          disable = true
        }
      }
    }

    task "app" {
      driver = "docker"
      config {
        image = "nextcloud:29-fpm"
      }
      env {
        NEXTCLOUD_ADMIN_USER     = "tim"
        NEXTCLOUD_ADMIN_PASSWORD = "L33tCl0ud!"
        REDIS_HOST               = "127.0.0.1"
        REDIS_HOST_PASSWORD      = "waschbaer-im-muell"
        OBJECTSTORE_S3_KEY       = "PrfUKSRW5V50MqI2lu4F"
        OBJECTSTORE_S3_SECRET    = "m1W4A0CUaIZnCZAtn3zDhd1ykOrSht9P7f218q8I"
        OBJECTSTORE_S3_SSE_C_KEY = "DYH7VzLrClPOJFI3ClUMqUXn56xB21kGd7zKElQ0QuY="
        OBJECTSTORE_S3_USEPATH_STYLE = "true"
        MAIL_DOMAIN              = "keller.example"
        TURN_SECRET              = "70d6469d3e34e66a5021656a8dfd0f1d"
        PASSWORD_SALT_FILE       = "/run/secrets/salt"
      }
    }

    task "caddy" {
      driver = "docker"
      config {
        image   = "caddy:2.8"
        volumes = ["local/Caddyfile:/etc/caddy/Caddyfile"]
      }
      template {
        destination = "local/Caddyfile"
        data        = <<-CADDY
          {
            email tim@keller.example
            acme_dns cloudflare OavgJZygH5YXjqI-PhXDhhVkYpHhLN7KGAWvbV1F
          }
          cloud.keller.example {
            php_fastcgi 127.0.0.1:9000
            basic_auth /metrics* {
              prom $2a$14$UaixnO2kOmODMDZh2OiT61Sc1yi/2zXIunYmiE.PzvUWwp/1rq2g9
            }
            header_up X-Api-Key {http.request.header.X-Api-Key}
            tls {
              client_auth {
                mode require_and_verify
                trusted_ca_cert_file /etc/caddy/ca.pem
              }
            }
          }
        CADDY
      }
    }
  }
}
