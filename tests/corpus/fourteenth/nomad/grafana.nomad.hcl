job "grafana" {
  datacenters = ["rtm1"]
  group "grafana" {
    network {
      port "http" { to = 3000 }
    }
    task "grafana" {
      driver = "docker"
      config {
        image = "grafana/grafana-enterprise:10.4.2"
        mounts = [
          { type = "bind", source = "local/grafana.ini", target = "/etc/grafana/grafana.ini" },
        ]
      }
      env {
        GF_SECURITY_ADMIN_PASSWORD__FILE = "/run/secrets/gf_admin"
        GF_AUTH_TOKEN_ROTATION_INTERVAL_MINUTES = "10"
        GF_SMTP_PASSWORD = "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"
      }
      template {
        destination = "local/grafana.ini"
        data        = <<EOF
[security]
admin_user = thvadmin
secret_key = kr8M1zFzCvFfL2DxqPb3
disable_initial_admin_creation = true
[auth]
login_cookie_name = thv_grafana_session
[auth.generic_oauth]
client_id = grafana-rtm
client_secret = 5eZm4mL3DzhncKRNPrVf0dSF4hJFEzbY
token_url = https://id.thv.internal/realms/thv/protocol/openid-connect/token
[auth.ldap]
config_file = /etc/grafana/ldap.toml
[database]
type = postgres
password = $__file{/run/secrets/gf_db}
;password = """#gra;fana-Oud"""
EOF
      }
      template {
        destination = "local/provisioning/datasources/ds.yaml"
        data        = <<EOF
apiVersion: 1
datasources:
  - name: Influx
    type: influxdb
    url: http://influx.thv.internal:8086
    jsonData: {version: Flux, organization: thv}
    secureJsonData:
      token: ku9zr60-KYbYV50WYTNZ4A8ZM5GthOqxWwMu66v4BvRQuvsePBh0E6EEg3LmMFu0Pu-RhWOQpKODbdyCA-yH5E==
  - name: ES
    type: elasticsearch
    basicAuth: true
    basicAuthUser: grafana
    secureJsonData: { basicAuthPassword: "lantern\"quote" }
  - name: CloudWatch
    jsonData:
      authType: keys
    secureJsonData:
      accessKey: $CW_ACCESS_KEY
      secretKey: ${CW_SECRET_KEY}
EOF
      }
    }
  }
}
