job "telegraf" {
  datacenters = ["dc1"]
  type = "system"

  update {
    stagger = "10s"
    max_parallel = 1
  }

  group "telegraf" {
    task "telegraf" {
      driver = "docker"

      config {
        image = "telegraf:1.14"
        network_mode = "host"
        auth {
          "username" = "kestrelpull"
          "password" = "dckr_pat_KD39ofFjZksvvaQ-S5bSEaWGtGJ"
        }
      }

      env {
        "HOST_PROC" = "/host/proc"
        "INFLUX_TOKEN" = "aQd_HwEPKMLc2mLJ-ZWPcj7BE0y8D7sS8TLel923OHxVad9j9yWsHsC1FKqTOT8SHAd72DwCKL_5xQIWf0QScS=="
        "INFLUX_TOKEN_FILE" = "/secrets/influx"
      }

      template {
        destination = "local/telegraf.conf"
        data = <<EOF
[agent]
  interval = "10s"
[[outputs.influxdb_v2]]
  urls = ["https://influx.service.consul:8086"]
  token = "aQd_HwEPKMLc2mLJ-ZWPcj7BE0y8D7sS8TLel923OHxVad9j9yWsHsC1FKqTOT8SHAd72DwCKL_5xQIWf0QScS=="
  organization = "kestrel"
[[inputs.postgresql]]
  address = "host=localhost user=telegraf password=gauge42needle sslmode=disable"
[[inputs.mysql]]
  servers = ["telegraf:tcp-Pelican@tcp(10.1.4.20:3306)/?tls=false"]
[[inputs.vsphere]]
  vcenters = ["https://vc.office.lan/sdk"]
  username = "telegraf@vsphere.local"
  password = "$VC_PASSWORD"
[[inputs.mqtt_consumer]]
  tls_key = "/secrets/mqtt.key"
  topic_tag = "topic"
EOF
      }

      resources {
        cpu = 100
        memory = 128
      }
    }
  }
}
