job "gateway" {
  group "gw" {
    network {
      mode = "bridge"
      port "admin" { to = 9901 }
    }
    service {
      name = "gw"
      port = "9000"
      meta {
        admin_token = "2a9cea55795547f58e0e7c695cee8e025ec80f49"
        key_version = "3"
      }
      tags = ["v2", "token-required", "sync-password=Brug.Open.07"]
      check {
        type     = "http"
        path     = "/health?token=bOwE8GY67dxxpr26QnnhxYZE5FSV"
        interval = "15s"
        timeout  = "2s"
        header {
          Authorization = ["Basic cHJvYmU6U2x1aXMtd2FjaHRlcg=="]
          X-Key-Id      = ["gw-2024-01"]
        }
      }
      connect {
        sidecar_service {
          proxy {
            upstreams {
              destination_name = "token-service"
              local_bind_port  = 8081
            }
            config {
              envoy_stats_flush_interval = "10s"
            }
          }
        }
        sidecar_task {
          config {
            image = "envoyproxy/envoy:v1.29.2"
          }
          env {
            LS_ACCESS_TOKEN = "x1F0DWs7R8PZwTUw3xxV4mqOSVFuXkkVHTVVj9VfxVZtpGZ5E0hXMUa4KGpwncO9"
          }
        }
      }
    }
    task "gw" {
      driver = "docker"
      config {
        image = "registry.thv.internal/plat/gw:5"
        logging {
          type = "gelf"
          config {
            gelf-address = "udp://graylog.thv.internal:12201"
            tag          = "gw-token-audit"
          }
        }
        volumes = ["secrets/gw.key:/etc/gw/gw.key"]
        labels = {
          "com.datadoghq.ad.instances" = "[{\"host\":\"%%host%%\",\"password\":\"dd-Probe_6\",\"token_path\":\"/run/dd\"}]"
        }
      }
    }
  }
}
