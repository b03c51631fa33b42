job "monitoring" {
  group "prom" {
    task "prometheus" {
      driver = "docker"
      config {
        image = "prom/prometheus:v2.54.1"
        args  = ["--config.file=/secrets/prometheus.yml", "--web.config.file=/secrets/web.yml"]
      }
      template {
        destination = "secrets/prometheus.yml"
        data        = <<EOF
global:
  scrape_interval: 15s
scrape_configs:
  - job_name: node
    basic_auth:
      username: prom
      password: sSPjc2nCchuy4hUKja8k
    consul_sd_configs:
      - server: 127.0.0.1:8500
        token: b7897144-0da7-422b-b3c3-1a43d4e24dbb
  - job_name: vault
    metrics_path: /v1/sys/metrics
    authorization:
      type: Bearer
      credentials_file: /secrets/vault-token
remote_write:
  - url: https://mimir.obs.example/api/v1/push
    headers:
      X-Scope-OrgID: platform
    bearer_token: {{ with nomadVar "nomad/jobs/monitoring" }}{{ .mimir_token }}{{ end }}
EOF
      }
    }

    task "alertmanager" {
      driver = "docker"
      config {
        image = "prom/alertmanager:v0.27.0"
      }
      template {
        destination     = "local/alertmanager.yml"
        left_delimiter  = "[["
        right_delimiter = "]]"
        data            = <<EOF
global:
  smtp_smarthost: mail.obs.example:587
  smtp_auth_username: alerts
  smtp_auth_password: 'O''Neill-Pier-4'
  slack_api_url: https://hooks.slack.com/services/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
  opsgenie_api_key: [[ with nomadVar "nomad/jobs/monitoring" ]][[ .opsgenie ]][[ end ]]
route:
  receiver: ops
  group_by: [alertname, token_type]
receivers:
  - name: ops
    slack_configs:
      - channel: '#alerts'
        title: '{{ .CommonLabels.secret_name }} {{ .Status }}'
    pagerduty_configs:
      - routing_key: 11cdb19cb02c8fa84fd9df7972024cd4
  - name: hooks
    webhook_configs:
      - url: http://127.0.0.1:9095/hook
        http_config:
          basic_auth:
            username: am
            password_file: /secrets/hook-pass
EOF
      }
    }
  }
}
