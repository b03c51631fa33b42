job "greenhouse" {
  group "iot" {
    task "zigbee2mqtt" {
      driver = "docker"
      config {
        image = "koenkk/zigbee2mqtt:1.38.0"
      }
      template {
        destination = "local/configuration.yaml"
        data        = <<EOF
mqtt:
  base_topic: greenhouse
  server: mqtt://mosquitto.service.consul:1883
  user: zigbee
  password: Vine-Tomato-33
frontend:
  auth_token: pOqhG9qV9JVBZWq6c72jhczv
advanced:
  pan_id: 6754
  channel: 15
EOF
      }
    }

    task "notifier" {
      driver = "docker"
      config {
        image = "registry.glasshouse.example/notify:5"
      }
      env {
        TELEGRAM_BOT_TOKEN = "6230526533:AAftSa74rSxF51mkL3oB61Cd8AEsXQrdbQm"
        TELEGRAM_CHAT_ID   = "-1001528833041"
        DISCORD_WEBHOOK    = "https://discord.com/api/webhooks/1968548323981775422/2_yqPD3pOsrM0CnBXAEPnx1pg5ESgMNO-oWRcFnFxCEk190O0yZThI405anncuunIcU7"
        INFLUX_TOKEN       = "e0rdHrHwTQjRZfBP4uqbAycaUla5JL2EOyjvG_RO_MIGnkFsSIpXsX6zP7OQRogeV5nRR_avF9AaPScle-1JU9=="
        INFLUX_ORG         = "glasshouse"
        WIFI_PSK           = "cucumber frame 12"
        MQTT_TOPIC_SECRET  = "greenhouse/secret-door/state"
      }
    }
  }
}
