job "smarthome" {
  datacenters = ["lab"]
  group "ha" {
    task "homeassistant" {
      driver = "docker"
      config { image = "ghcr.io/home-assistant/home-assistant:2024.9" }
      template {
        destination = "local/secrets.yaml"
        data        = <<EOF
# Use this file to store secrets like usernames and passwords.
# Learn more at https://www.home-assistant.io/docs/configuration/secrets/
some_password: welcome
mqtt_pw: Reed2019!
wifi_ssid: "FRITZ!Box 7590 KX"
wifi_password: "83964853187823633678"
latitude: 47.37
telegram_chat: 718624984
ota_pwd: !secret esphome_ota
alarm_code: 8236
EOF
      }
      template {
        destination = "local/configuration.yaml"
        data        = <<EOF
recorder:
  db_url: mysql://hass:aQ~XbYtAhD~z8@mariadb.service.consul/hass?charset=utf8mb4
mqtt:
  password: !secret mqtt_pw
alarm_control_panel:
  - platform: manual
    code: !secret alarm_code
    code_arm_required: false
rest_command:
  notify:
    url: https://ntfy.example.net/haus
    headers: { authorization: "Bearer tk_qjvr659qk715ziubk8hd03s9nv2aw" }
EOF
      }
    }
    task "zigbee2mqtt" {
      driver = "docker"
      config { image = "koenkk/zigbee2mqtt:1.40" }
      env {
        ZIGBEE2MQTT_CONFIG_MQTT_USER     = "z2m"
        ZIGBEE2MQTT_CONFIG_MQTT_PASSWORD = "z2m"
        ZIGBEE2MQTT_CONFIG_ADVANCED_NETWORK_KEY = "[21,12,42,9,69,4,62,2,61,8,64,11,17,1,0,6]"
        ZIGBEE2MQTT_CONFIG_ADVANCED_PAN_ID = "6754"
      }
    }
    task "frigate" {
      driver = "docker"
      config { image = "ghcr.io/blakeblackshear/frigate:0.14.1" }
      env {
        FRIGATE_RTSP_PASSWORD = "w2Thneo7b"
        LIBVA_DRIVER_NAME     = "radeonsi"
      }
      template {
        destination = "local/frigate.yml"
        data        = <<EOF
mqtt:
  password: '{FRIGATE_MQTT_PASSWORD}'
cameras:
  hof:
    ffmpeg:
      inputs:
        - path: rtsp://admin:Reed2021@10.0.9.21:554/h264Preview_01_sub
        - path: "rtsp://viewer:{FRIGATE_RTSP_PASSWORD}@10.0.9.22:554/live"
    onvif: { host: 10.0.9.21, user: admin, password: "Slate.Mistral-14" }
EOF
      }
    }
    task "mosquitto" {
      driver = "docker"
      config { image = "eclipse-mosquitto:2" }
      template {
        destination = "local/passwd"
        data        = <<EOF
z2m:$7$101$sFKx0Q+zPZKNsJ/4$GjFS9qKPHUf03JpLU1deXMe6F9BInI5iKtwHI0jm+5dsi0gMqItftrCm6GtQZIRwusP8MRZZ2YWrOnejhndtOw==
EOF
      }
      template {
        destination = "local/mosquitto.conf"
        data = <<EOF
password_file /local/passwd
connection bridge-cloud
remote_username haus12
remote_password d6MvEVxkZIP2qZNCdADp5CcC
bridge_psk 
EOF
      }
    }
  }
}
