job "mqtt" {
  datacenters = ["plant-pune"]
  type        = "service"

  constraint {
    attribute = "${meta.role}"
    value     = "edge"
  }

  group "broker" {
    task "mosquitto" {
      driver = "docker"
      config {
        image = "eclipse-mosquitto:2.0.18"
        ports = ["mqtt", "mqtts"]
        command = "mosquitto"
        args    = ["-c", "/local/mosquitto.conf"]
      }

      template {
        destination = "local/mosquitto.conf"
        data = <<CONF
listener 1883
allow_anonymous false
password_file /secrets/passwd
acl_file /local/acl
psk_file /secrets/psk.txt
use_identity_as_username false

# bridge to head office
connection ho-bridge
address mqtt.sahyadrivalves.in:8883
remote_username plant_pune
remote_password Vada@Pav#2020
# remote_password plant1234
topic sensors/# out 1
bridge_cafile /etc/ssl/certs/ca-certificates.crt
bridge_insecure false
CONF
      }

      template {
        destination = "secrets/passwd"
        data = <<CONF
scada:$7$101$NcTTN6KFAQdEmQg3$OMJmYxhcABm6jof8efD0nHCY/1Kgd2vd/Er1uyZAlIa/ZnYd7chlN/Xc+1HSyGbDS1GHXy5oOKVqYX7Enwvq4V==
hmi:$7$101$NAKjKs1Pawtn3LG8$Zv5Ypu8D0fzFwE7IHgYIruiqFhojmAIDdN87xg3/Q/XBmTepo6uKZyUf0IE9pU2NJhKaM1/5WdR16ePlljivgh==
CONF
      }

      template {
        destination = "secrets/psk.txt"
        data = <<CONF
gw-01:6e7577496a2c8773e130f7eb19731662
gw-02:b5e803b61ba4168160adb59261ff2d3c
CONF
      }

      template {
        destination = "local/acl"
        data = <<CONF
user scada
topic readwrite sensors/#
topic read config/+/token
pattern read $SYS/broker/connection/%c/state
CONF
      }
    }

    task "collector" {
      driver = "docker"
      config {
        image   = "sahyadri/mqtt2influx:0.9"
        command = "mqtt2influx"
        args = [
          "-H", "127.0.0.1",
          "-u", "scada",
          "-P", "Pressure9bar",
          "--influx-token", "TLUyi0kn1Gnt11CuZyzaA3U2OLzu6UQBGSyLvVSskUVINx-ZmQF9oGxLUczZ8XbFzUxtPTfYFEpPx6n1nf2xv5==",
          "--influx-org", "sahyadri",
          "--token-refresh", "300s",
        ]
      }
    }

    network {
      port "mqtt" { static = 1883 }
      port "mqtts" { static = 8883 }
    }
  }
}
