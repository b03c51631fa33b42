job "alertmanager" {
  group "alerts" {
    task "alertmanager" {
      driver = "docker"

      config {
        image   = "prom/alertmanager:v0.27.0"
        volumes = ["local/alertmanager.yml:/etc/alertmanager/alertmanager.yml"]
      }

      template {
        destination     = "local/alertmanager.yml"
        left_delimiter  = "<<"
        right_delimiter = ">>"
        data            = <<-EOF
          global:
            smtp_smarthost: smtp.example.net:587
            smtp_auth_username: alerts@example.net
            smtp_auth_password: Damson-17-Roof
            slack_api_url: https://hooks.slack.com/services/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
          route:
            receiver: team
            group_by: [alertname, secret_name]
          receivers:
            - name: team
              slack_configs:
                - channel: "#ops"
                  title: '{{ .CommonLabels.alertname }}'
            - name: phone
              pagerduty_configs:
                - routing_key: b35164487cdfa4fbb107317cf9d03a7e
              telegram_configs:
                - bot_token: "2304007733:AAZBIX-mjIeHRBNw_wpjIKaOytHtw34YRbQ"
                  chat_id: -1001764420931
            - name: audit
              webhook_configs:
                - url: https://audit.example.net/in
                  http_config:
                    authorization:
                      type: Bearer
                      credentials: 0pnzGz9cVhmXEAaeoarQisvNjpD2hATk90Vk
            - name: sms
              webhook_configs:
                - url: https://sms.example.net/in
                  http_config:
                    basic_auth:
                      username: ops
                      password_file: /secrets/sms
        EOF
      }
    }
  }
}
