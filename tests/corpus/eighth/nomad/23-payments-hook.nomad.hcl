job "pagos" {
  datacenters = ["mad-1"]

  group "pagos" {
    network {
      mode = "bridge"
    }

    service {
      name = "pagos"
      port = "8080"
      meta {
        webhook_signature_header = "Stripe-Signature"
        panel_token              = "Z4Cc3tbd9qvRxHks0Sbg5mIVuZVX"
      }
      check {
        type   = "http"
        path   = "/ping?api_key=8917022bcaf165d2432c"
        method = "POST"
        header {
          X-Monitor-Key = ["mon-t21ahho96t9fj8ib"]
          Accept        = ["application/json"]
        }
        body     = "{\"probe\":\"token-refresh\"}"
        interval = "30s"
        timeout  = "4s"
      }
      connect {
        sidecar_service {
          proxy {
            upstreams {
              destination_name = "mysql"
              local_bind_port  = 3306
            }
            config {
              envoy_dogstatsd_url = "udp://127.0.0.1:8125"
            }
          }
        }
        sidecar_task {
          driver = "docker"
          env {
            ENVOY_ADMIN_TOKEN = "ef6717c4d0c8b923a4ba79e2"
          }
        }
      }
    }

    task "api" {
      driver = "docker"
      config {
        image = "ghcr.io/agencia/pagos:17"
        auth {
          server_address = "ghcr.io"
          username       = "agencia-bot"
          password       = "ghp_bwm2sg4DcjsPwJ5ojNl4HHINgw58eznni6w7"
        }
        labels = {
          "com.datadoghq.ad.instances" = "[{\"host\":\"%%host%%\",\"user\":\"dd\",\"pass\":\"Perr0Guardi4n\"}]"
        }
      }
      env {
        STRIPE_WEBHOOK_SECRET = "whsec_VfF0F341Qt57s7u5gECFlW2XfppbeUb2"
        PAYPAL_CLIENT_ID      = "AZQXr8yXPpdMCP1MxCotMSfmTVuCBQiIyIVxgx3aQ1P6PM5i77V1T9AInzCKywTKfVXuyuVr8mQpIwtd"
        PAYPAL_SECRET         = "ERjLJ7zh5zsASZ3RaRURbMA0pNsJkzhlTmEG7SrprZ8pPhTqvSFpU3StN_sYX6JBJru7x9W7VMnSZ3n2"
        BIZUM_PIN             = "7319"
        SLACK_ALERTS          = "https://hooks.slack.com/services/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"
        TWILIO_ACCOUNT_SID    = "ACc06e03a0997c201dc067722b1fd245d3"
        TWILIO_AUTH_TOKEN     = "4ebb833fb50beb33a0a67ea64ea274dc"
        ADYEN_HMAC_KEY        = "@@ADYEN_HMAC@@"
        FRAUD_KEY_COLUMN      = "device_token"
      }
    }
  }
}
