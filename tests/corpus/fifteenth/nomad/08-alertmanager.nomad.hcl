job "alertmanager" {
  type = "service"

  group "am" {
    network {
      port "http" { static = 9093 }
    }

    task "alertmanager" {
      driver = "docker"

      config {
        image = "prom/alertmanager:v0.27.0"
        args = [
          "--config.file=/local/alertmanager.yml",
          "--web.config.file=/local/web.yml",
          "--cluster.peer=am-2.example.org:9094",
        ]
      }

      template {
        destination     = "local/alertmanager.yml"
        left_delimiter  = "<<"
        right_delimiter = ">>"
        data            = <<-YAML
          global:
            resolve_timeout: 5m
            smtp_smarthost: smtp.example.org:587
            smtp_from: alerts@example.org
            smtp_auth_username: alerts@example.org
            smtp_auth_password: 'don''t page me at 3'
            opsgenie_api_key: << with nomadVar "nomad/jobs/alertmanager" >><< .opsgenie >><< end >>
          route:
            receiver: chat
            group_by: ['alertname', 'token_name']
            repeat_interval: 4h
          receivers:
            - name: chat
              slack_configs:
                - api_url: https://hooks.slack.com/services/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
                  channel: '#alerts'
                  title: '{{ template "slack.title" . }}'
            - name: pager
              pagerduty_configs:
                - routing_key: 8407f80c41a22bb83dd3f4aed19cf8be
                  severity: critical
            - name: telegram
              telegram_configs:
                - bot_token: "2019638261:AAYQd5DPUDKyO_akMpDSVkJxt6f2Ic-XI_G"
                  chat_id: -1001749302214
            - name: hook
              webhook_configs:
                - url: https://hook.example.org/am
                  http_config:
                    basic_auth:
                      username: am
                      password_file: /secrets/hook_password
        YAML
      }

      template {
        destination = "local/web.yml"
        data        = <<-YAML
          basic_auth_users:
            admin: $2y$10$fB1/iv2cP2S486QVuwxe3dzJ3p5AsvlFGobxGcXAgZ1hhh9AAUHC3
            grafana: $2b$12$6OX4wfmnOpE3/47bRw19kXAGlrd2LT0OqcMrPhORXnb3L621MffjI
          tls_server_config:
            cert_file: /secrets/tls.crt
            key_file: /secrets/tls.key
        YAML
      }
    }
  }
}
