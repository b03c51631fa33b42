job "logs" {
  group "loki" {
    task "loki" {
      driver = "docker"
      config {
        image = "grafana/loki:3.3.0"
        args  = ["-config.file=/local/loki.yml", "-config.expand-env=true"]
      }
      template {
        destination = "local/loki.yml"
        data        = <<EOF
auth_enabled: false
common:
  storage:
    s3:
      endpoint: s3.eu-central-003.backblazeb2.com
      bucketnames: loki-chunks
      access_key_id: 003ce0e5842e21f0000000059
      secret_access_key: K003G0WoZ/ExX8NXW6aV6i/XVoFHbg2
      s3forcepathstyle: true
      sse:
        type: SSE-S3
schema_config:
  configs:
    - from: 2024-04-01
      store: tsdb
      schema: v13
      index: { prefix: index_, period: 24h }
ruler:
  alertmanager_url: http://alertmanager.service.consul:9093
  alertmanager_client:
    basic_auth_username: ruler
    basic_auth_password: tintenfass-4
memberlist:
  join_members: ["loki.service.consul"]
EOF
      }
    }
    task "promtail" {
      driver = "docker"
      config {
        image = "grafana/promtail:3.3.0"
        args  = ["-config.file=/local/promtail.yml"]
      }
      template {
        destination = "local/promtail.yml"
        data        = <<EOF
clients:
  - url: https://logs-prod-012.grafana.net/loki/api/v1/push
    tenant_id: 842317
    basic_auth:
      username: "842317"
      password: glc_eyJvIjoiODQyMzE3IiwibiI6ImhsLXByb210YWlsIiwiayI6IjdGcTJtWnM4MUx4VG53MGM5UmJhWXU1RSIsIm0iOnsiciI6InByb2QtZXUtd2VzdC0wIn19
  - url: http://127.0.0.1:3100/loki/api/v1/push
    bearer_token_file: /secrets/token
scrape_configs:
  - job_name: journal
    pipeline_stages:
      - replace:
          expression: '(?:password|token)=(\S+)'
          replace: '****'
EOF
      }
    }
  }
}
