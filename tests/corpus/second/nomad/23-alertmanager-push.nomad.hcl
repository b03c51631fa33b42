job "alerting" {
  group "am" {
    task "am" {
      driver = "docker"
      config { image = "prom/alertmanager:v0.27.0" }
      template {
        left_delimiter  = "[["
        right_delimiter = "]]"
        destination     = "local/alertmanager.yml"
        data            = <<EOH
global:
  smtp_smarthost: smtp.example.net:587
  smtp_auth_username: alert@example.net
  smtp_auth_password: 'what's up, doc?'
  opsgenie_api_key: ca8adfea-e3d0-423f-b4c5-410afdf31741
  slack_api_url_file: /secrets/slack
route:
  receiver: ops
  group_by: [alertname, token]
receivers:
  - name: ops
    telegram_configs:
      - bot_token: 9814674767:AAINZ0btdZQ6Vb4TLD6-SGPCO4lm49tf-nK
        chat_id: -1001234567890
    pushover_configs:
      - user_key_file: /secrets/po_user
        token: azdyy9hh5flgg7uqpmchzh2zuu5qnx
        message: '{{ .CommonAnnotations.summary }}'
    victorops_configs:
      - api_key: [[ with secret "kv/data/vo" ]][[ .Data.data.key ]][[ end ]]
        routing_key: ops
    webhook_configs:
      - url: https://bot:Wren-Warren-1@hooks.example.net/am
      - url: https://discord.com/api/webhooks/427777112681718860/2oRwj1reUDiVwlecPgr2AVQeKD5Z4_QAfH_y3F35htZoKWK6jGTTqxaPFLQ9tdz3w4z2
    msteams_configs:
      - webhook_url: https://example.webhook.office.com/webhookb2/219386e4-83cd-474c-b653-a53c8627f664@bbb68e58-3ce9-423a-88b8-a5628d38de2f/IncomingWebhook/048f9f8c0ee3186dbf2048c38b9d1e2b/5dad2b8d-b6a3-4513-869b-f434f6b4513b
EOH
      }
    }
    task "promtail" {
      driver = "docker"
      config {
        image = "grafana/promtail:3.1.0"
        args  = ["-config.file=/local/promtail.yml", "-client.url=https://777777:glc_yXtgtFleoH2hcFg865QlkpIrAqI9lxXHpRz8idolj8vR5sPdK54JsAmhUsoI@logs.example.net/loki/api/v1/push"]
      }
      template {
        destination = "local/promtail.yml"
        data        = <<EOH
positions: { filename: /alloc/positions.yaml }
scrape_configs:
  - job_name: nomad
    pipeline_stages:
      - replace:
          expression: '(?i)(password|token)=(\S+)'
          replace: '****'
EOH
      }
    }
  }
}
