job "alerting" {
  group "alertmanager" {
    task "alertmanager" {
      driver = "docker"

      config {
        image   = "prom/alertmanager:v0.27.0"
        volumes = ["local/alertmanager.yml:/etc/alertmanager/alertmanager.yml"]
      }

      template {
        destination     = "local/alertmanager.yml"
        left_delimiter  = "[["
        right_delimiter = "]]"
        data            = <<EOF
global:
  smtp_smarthost: smtp.duskmeadow.example:587
  smtp_from: alerts@duskmeadow.example
  smtp_auth_username: alerts
  smtp_auth_password: Lantern=Moth12
  opsgenie_api_key: [[ with nomadVar "nomad/jobs/alerting" ]][[ .opsgenie ]][[ end ]]
route:
  receiver: oncall
receivers:
  - name: oncall
    pagerduty_configs:
      - routing_key: 8c02db8378e2db5ac1f1d930b3b98197
        description: '{{ .CommonAnnotations.summary }}'
    slack_configs:
      - api_url: https://hooks.slack.com/services/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
        channel: '#ops-{{ .CommonLabels.team }}'
        title: '{{ .CommonLabels.secret_name }}'
    webhook_configs:
      - url: http://relay.service.consul:9095/hook
        http_config:
          authorization:
            credentials: [[ key "relay/token" ]]
EOF
      }
    }
  }
}
