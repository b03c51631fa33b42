job "dd-agent" {
  type = "system"

  group "agent" {
    task "agent" {
      driver = "docker"

      config {
        image   = "gcr.io/datadoghq/agent:7.54.0"
        volumes = ["/var/run/docker.sock:/var/run/docker.sock:ro", "local/postgres.yaml:/etc/datadog-agent/conf.d/postgres.d/conf.yaml"]
      }

      env {
        DD_API_KEY      = "90898242dd5faf65f44999cef7fa8206"
        DD_APP_KEY      = "c5f435205b7c563069e586c1adbc4ca01eae83b7"
        DD_SITE         = "datadoghq.eu"
        DD_TAGS         = "team:loom env:prod key:edge"
        DD_CLUSTER_NAME = "loomworks"
        DD_SECRET_BACKEND_COMMAND = "/usr/local/bin/dd-secrets"
      }

      template {
        destination = "local/postgres.yaml"
        data        = <<EOF
init_config:
instances:
  - host: pg.loomworks.example
    username: datadog
    password: Shuttle2Heddle
    dbname: loom
  - host: pg2.loomworks.example
    username: datadog
    password: ENC[pg2_password]
logs:
  - type: file
    path: /var/log/pg/*.log
    service: secret-loom
EOF
      }
    }
  }
}
