job "monitoring" {
  type = "service"
  group "prom" {
    task "prometheus" {
      driver = "docker"
      config {
        image = "prom/prometheus:v2.51.0"
      }
      template {
        destination     = "local/prometheus.yml"
        left_delimiter  = "[["
        right_delimiter = "]]"
        data            = <<EOT
global:
  external_labels: {dc: "[[ env "node.datacenter" ]]"}
scrape_configs:
  - job_name: consul
    consul_sd_configs:
      - server: 127.0.0.1:8500
        token: b316984a-207b-4ce5-8c7b-788ed0c3ac5d
  - job_name: vault
    metrics_path: /v1/sys/metrics
    authorization:
      credentials: [[ with secret "kv/data/prom" ]][[ .Data.data.vault_token ]][[ end ]]
  - job_name: routers
    bearer_token_file: /etc/prometheus/router.token
  - job_name: pve
    basic_auth: {username: prom, password: meetlat-7-cm}
remote_write:
  - url: https://prom-eu.grafana.example/api/prom/push
    basic_auth:
      username: 1204418
      password: "glc_rTLqeuQ4WsZ5bSZDh5DJJPSfyHiqtv41CWTTw2opU18sKmE18O74e7rBGvCzP2IkHpflXKGoFNjJHWegwY6DC1TW1cOnk3l4"
EOT
      }
    }
    task "alertmanager" {
      driver = "docker"
      config {
        image = "prom/alertmanager:v0.27.0"
      }
      template {
        destination     = "local/alertmanager.yml"
        left_delimiter  = "<<"
        right_delimiter = ">>"
        data            = <<EOT
global:
  smtp_smarthost: mail.thv.internal:587
  smtp_auth_username: alerts
  smtp_auth_password: 'it''s raining 0utside'
  slack_api_url: https://hooks.slack.com/services/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
receivers:
  - name: pager
    pagerduty_configs:
      - routing_key: 80806de6ce0b8979c80d31daa9921afc
        description: '{{ .CommonAnnotations.secret_name }}'
  - name: ops
    opsgenie_configs:
      - api_key: << key "alert/opsgenie" >>
  - name: chat
    webhook_configs:
      - url_file: /secrets/chat_url
route:
  group_by: ['alertname', 'token_name']
EOT
      }
    }
  }
}
