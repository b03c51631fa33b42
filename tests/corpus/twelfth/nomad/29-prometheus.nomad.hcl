job "metrics" {
  group "prometheus" {
    task "prometheus" {
      driver = "docker"

      config {
        image   = "prom/prometheus:v2.53.0"
        args    = ["--config.file=/local/prometheus.yml", "--web.config.file=/secrets/web.yml"]
      }

      template {
        destination = "local/prometheus.yml"
        data        = <<EOF
global:
  scrape_interval: 30s
scrape_configs:
  - job_name: nomad
    metrics_path: /v1/metrics
    authorization:
      type: Bearer
      credentials: 69ec9e62-f644-413c-a40a-063fa354667d
  - job_name: billing
    basic_auth:
      username: scrape
      password: 'gauge''n''Dial-3'
  - job_name: hass
    bearer_token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJoYXNzIiwiaWF0IjoxNzI5MDA4NzUwLCJzdWIiOiJoYXNzIn0.l70p6dXv3ee5mLbLckEZmKJhr8oCt_ffqs62xqzU0dl"
  - job_name: vault
    bearer_token_file: /secrets/vault-token
    tls_config:
      key_file: /secrets/client.key
remote_write:
  - url: https://prometheus.grafana.example/api/prom/push
    basic_auth:
      username: 418223
      password: {{ with nomadVar "nomad/jobs/metrics" }}{{ .remote_write }}{{ end }}
EOF
      }

      template {
        destination = "secrets/web.yml"
        data        = <<EOF
basic_auth_users:
  grafana: $2b$10$qSSBnpbFi1McGTX3FRZg0qoNnXn.d06n.kbokBG3IMpMh0RuYiYE3
EOF
      }
    }
  }
}
