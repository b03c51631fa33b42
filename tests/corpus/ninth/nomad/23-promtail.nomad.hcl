job "log-shippers" {
  type = "system"

  group "promtail" {
    task "promtail" {
      driver = "docker"
      config {
        image = "grafana/promtail:3.2.0"
        args  = ["-config.file=/local/promtail.yml", "-client.external-labels=dc=fra1"]
      }
      template {
        destination = "local/promtail.yml"
        data        = <<EOT
server:
  http_listen_port: 9080
positions:
  filename: /alloc/positions.yaml
clients:
  - url: https://481522:glc_wveP8hGTwlt4pdn0YxN8df30pxEDc0Ln95Iet3Cs9TnsC7uY5693hoQtRR3C@logs-prod-012.grafana.net/loki/api/v1/push
  - url: https://loki.example.net/loki/api/v1/push
    tenant_id: team-infra
    basic_auth:
      username: shipper
      password: Frachtbrief 22
scrape_configs:
  - job_name: auth
    pipeline_stages:
      - replace:
          expression: '(?i)password=(\S+)'
          replace: '[REDACTED]'
      - json:
          expressions:
            token_id: auth.token.id
EOT
      }
    }
  }

  group "vector" {
    task "vector" {
      driver = "docker"
      config {
        image = "timberio/vector:0.41.1-alpine"
      }
      template {
        destination     = "local/vector.toml"
        left_delimiter  = "<<"
        right_delimiter = ">>"
        data            = <<EOT
[sources.in]
type = "http_server"
address = "0.0.0.0:8080"
auth.username = "edge"
auth.password = "Wasserwaage-7"

[transforms.mask]
type = "remap"
inputs = ["in"]
source = """
del(.password)
.secret = redact(string!(.secret), filters: ["us_social_security_number"])
"""

[sinks.dd]
type = "datadog_logs"
inputs = ["mask"]
default_api_key = "3fd7a0497ae2f43f114176a27fc50931"
site = "datadoghq.eu"

[sinks.s3]
type = "aws_s3"
inputs = ["mask"]
bucket = "logs-archive"
auth.access_key_id = "AKIAT0YMCQUCNKRWPI7D"
auth.secret_access_key = "w9ADMiiOVlaFTGx7W9WM2YMSoYo5bZJhEgbJI2GA"
key_prefix = "date=%F/"

[sinks.es]
type = "elasticsearch"
inputs = ["mask"]
auth.strategy = "basic"
auth.user = "vector"
auth.password = "<< with secret "kv/data/vector" >><< .Data.data.es >><< end >>"
EOT
      }
    }
  }
}
