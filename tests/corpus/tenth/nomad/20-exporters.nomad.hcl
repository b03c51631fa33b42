job "exporters" {
  type = "system"

  group "exporters" {
    task "postgres" {
      driver = "docker"
      config {
        image = "quay.io/prometheuscommunity/postgres-exporter:v0.15.0"
      }
      env {
        DATA_SOURCE_NAME = "user=exporter password=Siskin_Wall_27 host=pg.service.consul sslmode=disable"
        PG_EXPORTER_WEB_CONFIG_FILE = "/local/web.yml"
      }
      template {
        destination = "local/web.yml"
        data        = <<EOF
basic_auth_users:
  prometheus: $2y$10$edMsSc4yALElmEHpw5ai54JPfDCAEs28WHxQRlyG8L5wBT0V9be5h
EOF
      }
    }

    task "mysql" {
      driver = "exec"
      config {
        command = "/usr/local/bin/mysqld_exporter"
        args    = ["--config.my-cnf", "secrets/my.cnf"]
      }
      template {
        destination = "secrets/my.cnf"
        data        = <<EOF
[client]
host = my.service.consul
user = exporter
password = MQXiuO3XiFswIOfnBaN2zk
[client.replica]
user = exporter
EOF
      }
    }

    task "mongodb" {
      driver = "raw_exec"
      config {
        command = "/usr/local/bin/mongodb_exporter"
        args    = ["--mongodb.uri=mongodb://exporter:flint.Ewe.13@127.0.0.1:27017/admin", "--web.listen-address=:9216"]
      }
    }

    task "elasticsearch" {
      driver = "docker"
      config {
        image = "quay.io/prometheuscommunity/elasticsearch-exporter:v1.7.0"
        args  = ["--es.uri=https://es.service.consul:9200", "--es.timeout=20s"]
      }
      env {
        ES_API_KEY = "Vms5dFo1RUJxMmNSeDdMdzBwWWQ6bUozdVE4c1RSbld6SzFoWDR2QjZjQQ=="
      }
    }
  }
}
