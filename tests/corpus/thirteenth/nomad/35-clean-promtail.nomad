job "promtail" {
  datacenters = ["dc1"]
  type = "system"
  group "promtail" {
    task "promtail" {
      driver = "docker"
      env {
        "LOKI_PASSWORD_FILE" = "/secrets/loki"
        "LOKI_TENANT" = "144389"
        "TOKEN_RENEW" = "true"
      }
      config {
        image = "grafana/promtail:2.9.8"
        args = ["-config.expand-env=true", "-client.url=http://loki.service.consul:3100/loki/api/v1/push"]
      }
      vault {
        policies = ["promtail-token"]
      }
      template {
        destination = "secrets/loki"
        data = "{{ with secret \"kv/loki\" }}{{ .Data.password }}{{ end }}"
      }
    }
  }
}
