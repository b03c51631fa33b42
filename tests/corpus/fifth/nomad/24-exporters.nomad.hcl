job "exporters" {
  datacenters = ["dc1"]
  type        = "system"

  group "exporters" {
    task "postgres-exporter" {
      driver = "docker"
      config {
        image = "quay.io/prometheuscommunity/postgres-exporter:v0.15.0"
        args  = ["--collector.stat_statements", "--no-collector.wal"]
      }
      env {
        DATA_SOURCE_URI       = "127.0.0.1:5432/postgres?sslmode=disable"
        DATA_SOURCE_USER      = "exporter"
        DATA_SOURCE_PASS_FILE = "/secrets/pg_pass"
      }
      template {
        destination = "secrets/pg_pass"
        data        = "{{ with nomadVar \"nomad/jobs/exporters\" }}{{ .pg }}{{ end }}"
      }
    }

    task "redis-exporter" {
      driver = "docker"
      config {
        image = "oliver006/redis_exporter:v1.62.0"
        args = [
          "--redis.addr=redis://127.0.0.1:6379",
          "--redis.password-file=/secrets/redis.json",
          "--check-keys=queue:*",
          "--check-single-keys=db0=stat:processed,db0=stat:failed",
          "--count-keys=db0=session:*",
        ]
      }
    }

    task "snmp" {
      driver = "docker"
      config {
        image = "prom/snmp-exporter:v0.26.0"
        args  = ["--config.file=/local/snmp.yml", "--web.config.file=/local/web.yml"]
      }
      template {
        destination = "local/snmp.yml"
        data        = <<YML
auths:
  switches:
    version: 3
    security_level: authPriv
    username: monitor
    password: {{ key "snmp/auth" }}
    auth_protocol: SHA
    priv_protocol: AES
    priv_password: {{ key "snmp/priv" }}
YML
      }
    }

    task "blackbox" {
      driver = "docker"
      config {
        image = "prom/blackbox-exporter:v0.25.0"
      }
      # bearer_token: <token from 1Password, item "blackbox">
      env {
        GOMAXPROCS = "2"
      }
    }
  }
}
