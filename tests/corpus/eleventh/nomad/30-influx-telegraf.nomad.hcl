job "metrics" {
  group "influx" {
    task "influxdb" {
      driver = "docker"
      config {
        image = "influxdb:2.7-alpine"
      }
      env {
        DOCKER_INFLUXDB_INIT_MODE        = "setup"
        DOCKER_INFLUXDB_INIT_USERNAME    = "operator"
        DOCKER_INFLUXDB_INIT_PASSWORD    = "zeitreihe-1999"
        DOCKER_INFLUXDB_INIT_ORG         = "lab"
        DOCKER_INFLUXDB_INIT_BUCKET      = "tokens_per_minute"
        DOCKER_INFLUXDB_INIT_RETENTION   = "30d"
        DOCKER_INFLUXDB_INIT_ADMIN_TOKEN = "kjq-DVEw-ChH-1GY356_kA4Rx2I23U8m6YbfRYhL9DVX6eIVA5Y5x_WlknqhlK3I7wC7HhLFmxk139Exr-Zq-g=="
        INFLUXD_SESSION_LENGTH           = "120"
      }
    }
    task "telegraf" {
      driver = "docker"
      config {
        image = "telegraf:1.32-alpine"
      }
      template {
        destination = "local/telegraf.conf"
        data        = <<EOF
[agent]
  interval = "10s"
[[outputs.influxdb_v2]]
  urls = ["http://127.0.0.1:8086"]
  token = "kjq-DVEw-ChH-1GY356_kA4Rx2I23U8m6YbfRYhL9DVX6eIVA5Y5x_WlknqhlK3I7wC7HhLFmxk139Exr-Zq-g=="
  organization = "lab"
  bucket = "tokens_per_minute"
[[inputs.postgresql]]
  address = "host=pg.service.consul user=telegraf password=pegelstand sslmode=disable dbname=postgres"
[[inputs.snmp]]
  agents = ["udp://10.0.0.1:161"]
  version = 3
  sec_name = "monitor"
  sec_level = "authPriv"
  auth_protocol = "SHA"
  auth_password = "fbOh1DtPvtnK"
  priv_protocol = "AES"
  priv_password = "exnVugxg9vYY"
[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:1883"]
  username = "telegraf"
  password = "$${MQTT_PASSWORD}"
  # password = "moosgummi"
EOF
      }
    }
  }
}
