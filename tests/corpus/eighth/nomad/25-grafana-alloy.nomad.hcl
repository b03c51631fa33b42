job "observability" {
  datacenters = ["keller"]
  type        = "system"

  group "agents" {
    task "alloy" {
      driver = "docker"
      config {
        image = "grafana/alloy:v1.3.1"
        args  = ["run", "/local/config.alloy"]
      }
      template {
        destination = "local/config.alloy"
        data        = <<EOF
prometheus.remote_write "cloud" {
  endpoint {
    url = "https://prometheus-prod-24-prod-eu-west-2.grafana.net/api/prom/push"
    basic_auth {
      username = "1182231"
      password = "glc_eyJvIjoiODgxMjA0IiwibiI6ImtlbGxlciIsImsiOiJxOFp0MFBtTHg5M0tzdTJSdlliNjFIY0QiLCJtIjp7InIiOiJldSJ9fQ=="
    }
  }
}

loki.write "home" {
  endpoint {
    url           = "https://loki:fuchsbau7@loki.keller.example/loki/api/v1/push"
    tenant_id     = "home"
    bearer_token_file = "/secrets/loki.token"
  }
}

discovery.relabel "drop" {
  rule {
    source_labels = ["__meta_consul_service_metadata_auth_token"]
    action        = "drop"
  }
}

local.file "pushover" {
  filename  = "/secrets/pushover"
  is_secret = true
}
EOF
      }
    }

    task "alertmanager" {
      driver = "docker"
      config {
        image = "prom/alertmanager:v0.27.0"
      }
      template {
        destination = "local/alertmanager.yml"
        left_delimiter  = "<%"
        right_delimiter = "%>"
        data        = <<EOF
global:
  smtp_auth_username: alerts@keller.example
  smtp_auth_password: 'kein-Kaffee=kein-Job'
  resolve_timeout: 5m
receivers:
  - name: telegram
    telegram_configs:
      - bot_token: 4546283695:AApkaVSUDypz5ZKmnKsQ6J2NEo7ZhxZ1DAA
        chat_id: -1002433606812
        message: '{{ .CommonLabels.token }}'
  - name: pushover
    pushover_configs:
      - user_key: <% key "pushover/user" %>
        token: anrl7j0wg620p23zcwytrw2g4gxux4
  - name: opsgenie
    opsgenie_configs:
      - api_key_file: /secrets/opsgenie
EOF
      }
      env {
        ALERTMANAGER_WEB_AUTH = "/local/web.yml"
      }
    }
  }
}
