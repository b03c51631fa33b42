job "exporters" {
  datacenters = ["mad1"]
  type        = "service"

  group "exporters" {
    task "postgres" {
      driver = "docker"
      config {
        image = "quay.io/prometheuscommunity/postgres-exporter:v0.15.0"
        args  = ["--auto-discover-databases", "--metric-prefix=pg_password_auth"]
      }
      env {
        DATA_SOURCE_NAME      = "user=exporter host=/run/postgresql sslmode=disable password=Jamon-de-Jabugo"
        DATA_SOURCE_PASS_FILE = "/secrets/pg_pass"
      }
    }

    task "mysql" {
      driver = "docker"
      config {
        image = "prom/mysqld-exporter:v0.15.1"
        args  = ["--config.my-cnf=/secrets/my.cnf"]
      }
      template {
        destination = "secrets/my.cnf"
        data        = <<EOF
[client]
user = exporter
password = "Queso#Manchego"
[client.replica]
user = exporter
password = tortilla1n
ssl-key = /secrets/client-key.pem
EOF
      }
    }

    task "blackbox" {
      driver = "docker"
      config {
        image = "prom/blackbox-exporter:v0.25.0"
        args  = ["--config.file=/local/blackbox.yml"]
      }
      template {
        destination = "local/blackbox.yml"
        data        = <<EOF
modules:
  http_intranet:
    prober: http
    http:
      basic_auth:
        username: sonda
        password: chur-ros-4-2
      fail_if_body_matches_regexp: ["Invalid password"]
  http_api:
    prober: http
    http:
      authorization:
        type: Bearer
        credentials: eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJzb25kYSIsImlhdCI6MTcyODIwMTU5MCwic3ViIjoic29uZGEifQ.TScqkmKiayB3cw7B4wAMdzgeDM71Lf5kbHvEPC-SzT7
  smtp_starttls:
    prober: tcp
    tcp:
      query_response:
        - send: "AUTH PLAIN AHNvbmRhAGFjZWl0dW5hOQ=="
EOF
      }
    }

    task "redis" {
      driver = "docker"
      config {
        image = "oliver006/redis_exporter:v1.62.0"
        args  = ["-redis.addr=redis://10.6.0.3:6379", "-redis.password-file=/local/pw.json", "-redis.user=metricas"]
      }
      template {
        destination = "local/pw.json"
        data        = "{\"redis://10.6.0.3:6379\": \"g4zpacho\", \"redis://10.6.0.4:6379\": \"salmorejo\"}"
      }
    }
  }
}
