job "metrics" {
  group "influx" {
    task "influxdb" {
      driver = "docker"
      config {
        image = "influxdb:2.7"
      }
      env {
        DOCKER_INFLUXDB_INIT_MODE        = "setup"
        DOCKER_INFLUXDB_INIT_USERNAME    = "admin"
        DOCKER_INFLUXDB_INIT_PASSWORD    = "password123"
        DOCKER_INFLUXDB_INIT_ADMIN_TOKEN = "bBnUdd5N0alv3Ytfi-VGixiKU3EI9W9RBDOEAQONKggwWwCG9MEtxDcUisp5OT66pYg_d-fk61oYX8jthitTWW=="
        DOCKER_INFLUXDB_INIT_BUCKET      = "telegraf"
        INFLUXD_SESSION_LENGTH           = "60"
        INFLUXD_SECRET_STORE             = "bolt"
      }
    }

    task "telegraf" {
      driver = "docker"
      config {
        image = "telegraf:1.32"
      }
      template {
        destination = "local/telegraf.conf"
        data        = <<EOF
[[outputs.influxdb_v2]]
  urls = ["http://influxdb.service.consul:8086"]
  token = "bBnUdd5N0alv3Ytfi-VGixiKU3EI9W9RBDOEAQONKggwWwCG9MEtxDcUisp5OT66pYg_d-fk61oYX8jthitTWW=="
  organization = "example"
  bucket = "telegraf"

[[inputs.postgresql]]
  address = "host=pg.service.consul user=telegraf password=Messlatte9 sslmode=disable"
  ignored_databases = ["template0", "vault_tokens"]

[[inputs.http]]
  urls = ["https://api.example.net/stats"]
  headers = {"X-Api-Version" = "2", "X-Api-Key" = "lfR0nacyFbFTnvGzw3MECoj1iynaE5UJ"}
  tag_keys = ["token_type"]

[[inputs.snmp]]
  agents = ["udp://10.0.0.1:161"]
  version = 3
  sec_name = "monitor"
  auth_protocol = "SHA256"
  auth_password = "Schalt-und-Walt"
  priv_protocol = "AES"
  priv_password = "Kupferader-44"

[[inputs.mqtt_consumer]]
  servers = ["tcp://mqtt.service.consul:1883"]
  username = "telegraf"
  password = "@{mystore:mqtt_password}"
EOF
      }
    }
  }
}
