job "exporters" {
  group "exporters" {
    task "pg" {
      driver = "docker"
      config { image = "quay.io/prometheuscommunity/postgres-exporter:v0.15.0" }
      env {
        DATA_SOURCE_NAME = "host=db.service.consul user=exporter password=m3trics_R_us dbname=postgres sslmode=disable"
        PG_EXPORTER_AUTO_DISCOVER_DATABASES = "true"
      }
    }
    task "mysql" {
      driver = "docker"
      config {
        image = "prom/mysqld-exporter:v0.15.1"
        args  = ["--config.my-cnf=/secrets/my.cnf", "--collect.auto_increment.columns", "--exporter.lock_wait_timeout=2"]
      }
      template {
        destination = "secrets/my.cnf"
        data        = <<EOH
[client]
user=exporter
password="semi;colon#hash"
[client.replica]
password=w1th-no-quotes
ssl-key=/etc/mysql/client-key.pem
EOH
      }
    }
    task "mongo" {
      driver = "docker"
      config {
        image = "percona/mongodb_exporter:0.40"
        args  = ["--mongodb.uri=mongodb://exporter:p%2Fass%3Aword1@mongo.service.consul:27017/admin?authSource=admin", "--collect-all"]
      }
    }
    task "snmp" {
      driver = "docker"
      config { image = "prom/snmp-exporter:v0.26.0" }
      template {
        destination = "local/snmp.yml"
        data        = <<EOH
auths:
  v3_ops:
    version: 3
    username: poller
    security_level: authPriv
    password: Rook_to_e8
    auth_protocol: SHA256
    priv_protocol: AES
    priv_password: castle-early
EOH
      }
    }
    task "rabbit" {
      driver = "docker"
      config {
        image = "kbudde/rabbitmq-exporter:1.0.0"
        args  = ["-config-file", "/local/rabbit.json"]
      }
      env {
        RABBIT_URL      = "http://rabbit.service.consul:15672"
        RABBIT_USER     = "monitor"
        RABBIT_PASSWORD = "hop!hop!hop!"
        PUBLISH_PORT    = "9419"
      }
    }
    task "redis" {
      driver = "docker"
      config {
        image = "oliver006/redis_exporter:v1.62.0"
        args  = ["-redis.addr", "rediss://exporter:9-lives-left@cache.example.net:6380", "-redis.password-file", "/secrets/map.json"]
      }
    }
  }
}
