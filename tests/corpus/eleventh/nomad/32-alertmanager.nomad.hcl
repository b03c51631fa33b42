job "alertmanager" {
  group "am" {
    task "alertmanager" {
      driver = "docker"
      config {
        image = "prom/alertmanager:v0.27.0"
        args  = ["--config.file=/local/alertmanager.yml", "--web.config.file=/local/web.yml"]
      }
      template {
        left_delimiter  = "<<<"
        right_delimiter = ">>>"
        destination     = "local/alertmanager.yml"
        data            = <<EOF
global:
  smtp_smarthost: mail.example.net:587
  smtp_auth_username: alerts@example.net
  smtp_auth_password: 'Nachtwache:6'
  smtp_auth_identity: alerts@example.net
receivers:
  - name: chat
    slack_configs:
      - api_url: https://hooks.slack.com/services/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
        channel: '#alerts'
        text: '{{ .CommonAnnotations.summary }}'
  - name: pager
    pagerduty_configs:
      - routing_key: 6cf05a15c7e852e2832ee0ede5ae48ef
        client: alertmanager
  - name: phone
    pushover_configs:
      - token: awbt397ok2nrxs9fudier3bt4naw21
        user_key_file: /secrets/pushover_user
        sound: siren
  - name: ops
    opsgenie_configs:
      - api_key: <<< with nomadVar "nomad/jobs/am" >>><<< .opsgenie >>><<< end >>>
  - name: legacy
    webhook_configs:
      - url: https://bot.example.net/hook
        http_config:
          authorization:
            type: Bearer
            credentials: XvN8mgvYzohn6wTyUWARWoIIL6Grp8Yw
EOF
      }
      template {
        destination = "local/web.yml"
        data        = <<EOF
basic_auth_users:
  ops: $2y$10$8ptnEdMunk/1luZ3Ik6FiBpKIIJ5TrJjNHZ7TQIw1xiExMNHL6zac
tls_server_config:
  cert_file: /certs/am.crt
EOF
      }
    }
  }
}
