job "nord-iot" {
  datacenters = ["hh2"]

  group "iot" {
    task "mosquitto" {
      driver = "docker"
      config {
        image = "eclipse-mosquitto:2.0.20"
        volumes = ["local/mosquitto.conf:/mosquitto/config/mosquitto.conf:ro", "secrets/passwd:/mosquitto/config/passwd:ro"]
      }
      template {
        destination = "local/mosquitto.conf"
        data        = <<EOF
listener 8883
allow_anonymous false
password_file /mosquitto/config/passwd
keyfile /secrets/mqtt.key
psk_hint nordring
connection cloud
address mqtt.thingspark.io:8883
remote_username nordring-bridge
remote_password CpGAnzUfyjNF0DWyowt9Ln
EOF
      }
      template {
        destination = "secrets/passwd"
        data        = <<EOF
z2m:$7$101$LwlSzBgSvy1ps+Vy$jSeMow81TfJZvvhVqOMw5LlSu8knfSUD3jzapkgCceKadKfQooSiH8+KLpov81e3rBraGBP7iaU5LIX7owcvs9==
EOF
      }
    }

    task "zigbee2mqtt" {
      driver = "docker"
      config {
        image   = "koenkk/zigbee2mqtt:1.42.0"
        devices = [{ host_path = "/dev/ttyACM0" }]
      }
      template {
        destination = "local/data/configuration.yaml"
        data        = <<EOF
mqtt:
  base_topic: zigbee2mqtt
  server: mqtts://mosquitto.service.hh2.consul:8883
  user: z2m
  password: summsumm-biene
  key: /secrets/client.key
  reject_unauthorized: true
frontend:
  port: 8080
  auth_token: Kellerassel
advanced:
  network_key: [71, 3, 209, 144, 18, 66, 250, 91, 5, 177, 232, 12, 98, 47, 163, 29]
  pan_id: 6754
  last_seen: ISO_8601
EOF
      }
    }

    task "homeassistant" {
      driver = "docker"
      config {
        image = "ghcr.io/home-assistant/home-assistant:2026.11"
      }
      template {
        destination = "local/config/configuration.yaml"
        data        = <<EOF
homeassistant:
  auth_providers:
    - type: homeassistant
http:
  ssl_key: !secret ssl_key_path
influxdb:
  token: !secret influx_token
telegram_bot:
  - platform: polling
    api_key: "7182341151:AAFwctBFNYmuxKavNfRXctnvS8mFxpgfO9l"
    allowed_chat_ids: [-1007514709236]
alarm_control_panel:
  - platform: manual
    name: Serverraum
    code: "5812"
    code_arm_required: false
EOF
      }
      template {
        destination = "local/config/secrets.yaml"
        data        = <<EOF
ssl_key_path: /ssl/privkey.pem
influx_token: UZbqjPCNrEX91i0S8SRFJWrsdjezmtiJ4y08cZH_oWV3rjF7OUwvmzdXKq47HPaTQxSxw8FtS3l3zgIlt2ZYBv==
unifi_pass: "Kabelsalat, gemischt"
EOF
      }
      template {
        destination = "local/config/esphome/tor.yaml"
        data        = <<EOF
esphome:
  name: tor
api:
  encryption:
    key: "moSjbZgd/Z4Mi7vnhNhT4Kf6G0neKLT0pNnpDh3M+u4="
ota:
  - platform: esphome
    password: "33117222e48dba6c95a29efbc7215323"
wifi:
  ssid: nordring-iot
  password: Dosenpfand0,25
  ap:
    password: '$${fallback_password}'
EOF
      }
    }

    task "influxdb" {
      driver = "docker"
      config {
        image = "influxdb:2.7"
      }
      env {
        DOCKER_INFLUXDB_INIT_MODE        = "setup"
        DOCKER_INFLUXDB_INIT_USERNAME    = "admin"
        DOCKER_INFLUXDB_INIT_PASSWORD    = "password123"
        DOCKER_INFLUXDB_INIT_ADMIN_TOKEN = "Nu__e7WtqyEphclhdf5Il8URshgh78qVwM_sVCzJfPLDwyex7JuhEZAA9I0o5LH0_q1U78xINWLvtcIW4TLm8m=="
        DOCKER_INFLUXDB_INIT_BUCKET      = "sensors"
        INFLUXD_SESSION_LENGTH           = "1440"
        INFLUXD_TLS_KEY                  = "/secrets/influx.key"
      }
    }
  }
}
