job "monitoring" {
  datacenters = ["dc1"]
  group "prometheus" {
    task "prometheus" {
      driver = "docker"
      config {
        image = "prom/prometheus:v2.54.1"
        args  = ["--config.file=/local/prometheus.yml", "--web.config.file=/local/web.yml", "--storage.tsdb.retention.time=30d"]
      }
      template {
        destination   = "local/prometheus.yml"
        change_mode   = "restart"
        data          = <<EOH
global:
  scrape_interval: 15s
  external_labels: { token_class: 'gold' }
remote_write:
  - url: https://prometheus-prod-01-eu-west-0.grafana.net/api/prom/push
    basic_auth:
      username: 884211
      password: glc_eyJvIjoiNzc0NDExIiwibiI6InN0YWNrLXByb20td3JpdGUiLCJrIjoiZHdQOVVtSUIyZzdmT0JHcWtNVWxxMXFTIiwibSI6eyJyIjoicHJvZC1ldS13ZXN0LTAifX0=
scrape_configs:
  - job_name: nomad
    metrics_path: /v1/metrics
    params: { format: [prometheus] }
    consul_sd_configs:
      - server: '{{ env "attr.unique.network.ip-address" }}:8500'
        token: "38c0b8fb-4157-4c82-83c1-0f60555204dd"
        services: ['nomad-client']
    authorization:
      type: Bearer
      credentials: hvs.duZ6AwarcfCL3IUV7FDab0Oo
  - job_name: vault
    metrics_path: /v1/sys/metrics
    bearer_token_file: /secrets/vault-token
    scheme: https
  - job_name: homeassistant
    metrics_path: /api/prometheus
    bearer_token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJwZWJibGUiLCJzdWIiOiJoYXJib3IiLCJpYXQiOjE3MDEwMzQwNTZ9.foW04FCVxUkn83vKixawH1QTV9T9z_O9krqyYJocsLI"
  - job_name: synology
    basic_auth: { username: prom, password_file: /secrets/syno }
  - job_name: mikrotik
    oauth2:
      client_id: prom-scraper
      client_secret: 'FzaffX2pYLRN2TCwkB6ehTJNSycTEvKj'
      token_url: https://sso.example.net/oauth2/token
      scopes: [metrics.read]
    # basic_auth: { username: admin, password: "Indigo2024!" }
EOH
      }
      template {
        destination = "local/web.yml"
        data        = <<EOH
basic_auth_users:
  admin: $2y$10$59YuJHyrIRSLHgASy3gFnoABd5d4tP8k5cRTZNkNr6pfjJu4PXQqC
  grafana: $2y$10$ui5X/DKh1YzfjmVnnpARKbMXb4BCx4k.4u1ZYzgqRnlmjNT3xdDAN
tls_server_config:
  key_file: /secrets/server.key
EOH
      }
    }

    task "alertmanager" {
      driver = "docker"
      config { image = "prom/alertmanager:v0.27.0" }
      template {
        left_delimiter  = "[["
        right_delimiter = "]]"
        destination     = "local/alertmanager.yml"
        data            = <<EOH
global:
  smtp_smarthost: mail.example.net:587
  smtp_auth_username: alerts@example.net
  smtp_auth_password: 'Onyx2025!'
  smtp_auth_secret: "[[ with secret "kv/data/alertmanager" ]][[ .Data.data.smtp ]][[ end ]]"
  slack_api_url: https://hooks.slack.com/services/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
  opsgenie_api_key: 4157d57b-dc8b-417d-ad7e-dbfd73ee0bf2
  victorops_api_url: https://alert.victorops.com/integrations/generic/20131114/alert/
route:
  receiver: ops
  group_by: ['alertname', 'cluster']
receivers:
  - name: ops
    pagerduty_configs:
      - routing_key: ba364008d83b5e1004ac57727da7bd52
        service_key: "[[ key "alert/pd" ]]"
        description: '{{ template "pagerduty.default.description" . }}'
    telegram_configs:
      - bot_token: "5291343552:AAiUeUjyofD8963Cw2ANDUjImZsNQShxjTj"
        chat_id: -1003581631889
    discord_configs:
      - webhook_url: https://discord.com/api/webhooks/8878782552799728813/d4tSOtpA67caO_sPzvitiJrseekBgeos83Al_s1jd6tilQsJoeWuMawVmqYbXzn20qeX
    pushover_configs:
      - user_key: u0utm7jthjs4eqgktn3ozrzvf1evzu
        token: ay0cuf6exq9zrakvfdeeai5pur8ymo
    webhook_configs:
      - url: 'https://alerts:HjNUvTAJm~G-bH@hook.example.net/prom'
      - url: http://karma.service.consul:8080/
EOH
      }
    }

    task "grafana" {
      driver = "docker"
      config { image = "grafana/grafana:11.2.0" }
      env {
        GF_SECURITY_ADMIN_PASSWORD__FILE = "/secrets/admin"
        GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION = "false"
        GF_SECURITY_SECRET_KEY           = "MaFzHLuS5xkqydXtRBR9"
        GF_AUTH_GENERIC_OAUTH_CLIENT_ID  = "grafana-oauth"
        GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET = "aFBxJ7TAGdmXNBxB5yBnk6Bu1SK7dPAQ"
        GF_AUTH_GENERIC_OAUTH_TOKEN_URL  = "https://sso.example.net/realms/main/protocol/openid-connect/token"
        GF_DATABASE_URL                  = "mysql://grafana:pSimFOr7acNz%21Ef@mysql.service.consul:3306/grafana"
        GF_AUTH_ANONYMOUS_ENABLED        = "false"
        GF_USERS_PASSWORD_HINT           = "password"
      }
      template {
        destination = "local/provisioning/datasources/ds.yml"
        data        = <<EOH
apiVersion: 1
datasources:
  - name: Influx
    type: influxdb
    url: http://influx.service.consul:8086
    secureJsonData:
      token: mk6EKQHkT6KhXz0adSaL_-zSK40A0kWAPrvBhhj8OdV_mPdYbPErymzEh74llIxJiTh_dWoiCjP-G1sCD-hPBA==
  - name: Postgres
    type: postgres
    user: grafana_ro
    secureJsonData: { password: "Linden.Sparrow_94" }
    jsonData: { sslmode: disable, maxOpenConns: 5 }
  - name: CloudWatch
    type: cloudwatch
    jsonData: { authType: keys, defaultRegion: eu-central-1 }
    secureJsonData:
      accessKey: AKIAC7DXXMB2BIUZDGFW
      secretKey: $__env{CW_SECRET}
EOH
      }
    }
  }
}
