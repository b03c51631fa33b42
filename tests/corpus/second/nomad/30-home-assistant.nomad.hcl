job "home" {
  group "home" {
    task "hass" {
      driver = "docker"
      config {
        image        = "ghcr.io/home-assistant/home-assistant:2024.8"
        network_mode = "host"
      }
      template {
        destination = "local/configuration.yaml"
        data        = <<EOH
http:
  trusted_proxies: [10.0.0.0/8]
recorder:
  db_url: mysql://hass:hearth.and.home@127.0.0.1/hass?charset=utf8mb4
mqtt:
  password: !secret mqtt_password
notify:
  - platform: smtp
    username: home@example.net
    password: Gardenia 4 ever
rest_command:
  arm:
    url: "http://alarm.example.net/arm?code={{ "{{ code }}" }}"
    headers: { authorization: "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiAieG9xYXBxIiwgImlhdCI6IDE3MDQ2NTM4NTN9.D7L7TADSPYydNK14E2gtpu5PnnVt0KjTempHni1NLAQ" }
google_assistant: { project_id: home-a0fa2, service_account: !include sa.json }
alarm_control_panel:
  - platform: manual
    code: !secret alarm_code
    code_arm_required: false
EOH
      }
      template {
        destination = "secrets/secrets.yaml"
        data        = <<EOH
# secrets for configuration.yaml
mqtt_password: tumble-dry-low
wifi_ssid: "Pretty Fly for a WiFi"
wifi_password: "hedgehog lane 42"
EOH
      }
    }
    task "z2m" {
      driver = "docker"
      config { image = "koenkk/zigbee2mqtt:1.40" }
      template {
        destination = "local/configuration.yaml"
        data        = <<EOH
mqtt: { server: 'mqtt://localhost', user: z2m, password: tumble-dry-low }
frontend:
  port: 8080
  auth_token: bee-ess-em
advanced:
  network_key: GENERATE
EOH
      }
      env {
        ZIGBEE2MQTT_CONFIG_ADVANCED_EXT_PAN_ID = "GENERATE"
        ESPHOME_API_ENCRYPTION_KEY = "vccuEkojK+9t2lfDRL24exgPyB/mdBi+B7vMdZykyIE="
        ESPHOME_OTA_PASSWORD       = "ce6da7ef348a79a30902694f7212a124"
      }
    }
  }
}
