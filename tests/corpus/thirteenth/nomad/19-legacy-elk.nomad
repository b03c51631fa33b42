job "elk" {
  datacenters = ["dc1"]

  group "logs" {
    task "logstash" {
      driver = "docker"

      env {
        "XPACK_MONITORING_ELASTICSEARCH_PASSWORD" = "changeme"
        "LOGSTASH_KEYSTORE_PASS" = "InAPWcA77lrAaFZT5"
      }

      template {
        destination = "local/pipeline.conf"
        data = <<EOH
input {
  beats {
    port => 5044
    ssl => true
    ssl_certificate => "/secrets/logstash.crt"
    ssl_key => "/secrets/logstash.key"
    ssl_key_passphrase => "Holzhacken im Winter"
  }
  jdbc {
    jdbc_connection_string => "jdbc:sqlserver://mssql01:1433;databaseName=erp"
    jdbc_user => "logreader"
    jdbc_password => "L0greader#17"
    schedule => "*/5 * * * *"
  }
}
filter {
  mutate { remove_field => ["password", "[headers][authorization]"] }
  fingerprint { method => "SHA256" key => "c292c75d92f998c9ebc2dac7b7e555a4" }
}
output {
  elasticsearch {
    hosts => ["https://es01:9200"]
    user => "logstash_writer"
    password => "{{ key "elk/es_pw" }}"
    index => "logs-%{+YYYY.MM.dd}"
  }
}
EOH
      }

      config {
        image = "docker.elastic.co/logstash/logstash:7.17.9"
      }

      resources {
        memory = 2048
        network {
          port "beats" { static = 5044 }
        }
      }
    }
  }
}
