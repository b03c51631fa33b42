job "hass" {
  group "hass" {
    task "hass" {
      driver = "docker"
      config {
        image        = "ghcr.io/home-assistant/home-assistant:2024.12.1"
        network_mode = "host"
        volumes      = ["local/secrets.yaml:/config/secrets.yaml"]
      }
      template {
        destination = "local/secrets.yaml"
        data        = <<EOF
# everything the packages refer to with !secret
mqtt_user: hass
mqtt_password: Gartenlaube-3
alarm_code: "80512"
telegram_chat_id: -1008463459513
telegram_bot_token: "5425964149:AALKf4bF1RvtIJxR1drawkI8BG_EwI2USIa"
influx_token: Ufxzo69GRUijFWJ5RXnovL49i0okXrEZP52kXT6M4oYvKXIIJ55fUqk1lvfrs_ruE2FL8AzgzRqQUxdYzWwKDA==
home_latitude: 48.1371
tado_password: 'it''s-warm-21'
esphome_api_key: cNn/IO4MXa8HVZsVrIW98oCiVbZJ1dvrg6r7d1Pvk1c=
EOF
      }
      template {
        destination = "local/configuration.yaml"
        data        = <<EOF
http:
  use_x_forwarded_for: true
influxdb:
  api_version: 2
  token: !secret influx_token
  organization: a7c5a930bf3fc0fc
telegram_bot:
  - platform: polling
    api_key: !secret telegram_bot_token
alarm_control_panel:
  - platform: manual
    code: !secret alarm_code
    code_arm_required: false
EOF
      }
    }
  }
}
