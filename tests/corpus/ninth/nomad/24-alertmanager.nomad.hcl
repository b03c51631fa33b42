job "alertmanager" {
  group "am" {
    task "alertmanager" {
      driver = "docker"
      config {
        image = "prom/alertmanager:v0.27.0"
        args  = ["--config.file=/local/alertmanager.yml", "--web.external-url=https://alerts.example.net"]
      }
      template {
        destination     = "local/alertmanager.yml"
        left_delimiter  = "[["
        right_delimiter = "]]"
        data            = <<EOF
global:
  smtp_smarthost: "mail.example.net:587"
  smtp_auth_username: "alerts"
  smtp_auth_password: "Sirene&Horn"
  slack_api_url: "https://hooks.slack.com/services/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"
route:
  receiver: chat
  group_by: ["alertname", "token_name"]
  routes:
    - match: { severity: page, team: "secrets" }
      receiver: page
receivers:
  - name: chat
    slack_configs:
      - channel: "#ops"
        title: "{{ .CommonLabels.alertname }}"
        text: "Rotate the secret: https://wiki.example.net/secrets"
    telegram_configs:
      - bot_token: "7996378464:AAhUfqqgkwvk5-Gnb2PdiZbwV-dxjqsmF_k"
        chat_id: -1001849302
    discord_configs:
      - webhook_url: "https://discord.com/api/webhooks/9289432992515218842/ATil99V9igHVswYN7AK03eexzy0DEr6WOjktIaqFQzf8D6uI6OLLbOWxslfQeF53p7Am"
  - name: page
    pagerduty_configs:
      - routing_key: "fe660a7015891ede6684681ed63c74b2"
        dedup_key: "nomad/fra1"
    opsgenie_configs:
      - api_key_file: "/secrets/opsgenie"
    pushover_configs:
      - user_key_file: "/secrets/pushover_user"
        token: "aqv3dsr70k7n3fof8ahukpb170atwf"
    webhook_configs:
      - url: "https://hook.example.net/alert"
        http_config:
          authorization:
            credentials: "qnQwfZAWqoaNRkpLq0FvsHi55PcD1VYvNHG5"
inhibit_rules:
  - equal: ["alertname", "secret_path"]
EOF
      }
    }
  }
}
