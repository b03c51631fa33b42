job "payments-mesh" {
  datacenters = ["dc1"]

  group "payments" {
    consul {}

    network {
      mode = "bridge"
      port "metrics" {}
    }

    service {
      name = "payments"
      port = "8443"

      meta {
        version   = "${NOMAD_META_version}"
        scrape_pw = "prom-Scrape-0"
      }

      identity {
        aud = ["consul.io"]
        ttl = "1h"
      }

      connect {
        sidecar_service {
          proxy {
            upstreams {
              destination_name = "ledger"
              local_bind_port  = 7001
            }
            upstreams {
              destination_name = "token-vault"
              local_bind_port  = 7002
            }
            config {
              protocol = "http"
              envoy_dogstatsd_url = "udp://127.0.0.1:9125"
              envoy_extra_static_clusters_json = "{\"name\":\"otel\",\"metadata\":{\"api-key\":\"eu01xx37e328cf759ec646f3a708f4aa5a6dNRAL\",\"header\":\"x-license-key\"}}"
            }
          }
        }
        sidecar_task {
          name = "envoy"
          env {
            ENVOY_UID    = "0"
            OTLP_HEADERS = "x-honeycomb-team=hcaik_01daowaqccuourxtxwzyshoa0pdkjtq6uy1tip8vdwlui8d93v43nvxpeg"
          }
          resources {
            cpu    = 100
            memory = 128
          }
        }
      }

      check {
        name     = "payments-ready"
        type     = "script"
        command  = "/bin/payments-cli"
        args     = ["--user", "health", "--pass", "Beacon.5", "ready", "--insecure-skip-token-check"]
        task     = "payments"
        interval = "15s"
        timeout  = "3s"
      }
    }

    task "payments" {
      driver = "podman"
      config {
        image = "registry.quillpay.eu/payments:7.0.1"
        secrets = ["payments-tls"]
      }
      env {
        HSM_SLOT             = "0"
        HSM_PIN              = "749213"
        HSM_KEY_LABEL        = "quillpay-signing-2023"
        PKCS11_URI           = "pkcs11:token=quillpay;object=signing?pin-value=749213"
        MOLLIE_API_KEY       = "live_HU4B5yBOXEnEfvDM3doZTze9YToo45"
        MOLLIE_PROFILE       = "pfl_keU5Wu1Tv3"
        IDEMPOTENCY_KEY_HEADER = "Idempotency-Key"
        CARD_TOKEN_REGEX     = "^tok_[A-Za-z0-9]{24}$"
      }
    }
  }
}
