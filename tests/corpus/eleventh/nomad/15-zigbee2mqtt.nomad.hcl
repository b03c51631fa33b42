job "zigbee" {
  constraint {
    attribute = "${meta.zigbee_stick}"
    value     = "true"
  }
  group "zigbee" {
    task "mosquitto" {
      driver = "docker"
      config {
        image   = "eclipse-mosquitto:2.0.20"
        volumes = ["local/mosquitto.conf:/mosquitto/config/mosquitto.conf", "secrets/passwd:/mosquitto/config/passwd"]
      }
      template {
        destination = "local/mosquitto.conf"
        data        = <<EOF
listener 1883
allow_anonymous false
password_file /mosquitto/config/passwd
# connection to the holiday flat
connection flat
address flat.example.net:8883
remote_username bridge
remote_password 1TNmwlDULfHhww
bridge_cafile /etc/ssl/certs/ISRG_Root_X1.pem
topic flat/# in 1
EOF
      }
      template {
        destination = "secrets/passwd"
        data        = <<EOF
z2m:$7$101$sGLbgi2vzLkMKycg$qEoTTkkH+GyKRrCbA91qJWK4Rw53P4oJOtOPynObM1pRPTj80E3wZ//3x9NVpZBsUswx57tS9ypL+dhs0FgIgw==
hass:$7$101$fb3IX06x+PdXNnTE$tU+q+T5tmMfTbZsPUYVvpuNlhOftCWglkgQh+JiDkjTxUQLUhnG2ud95vsbisdJOJmANPYvntSHISD0SJ3XLt/==
EOF
      }
    }
    task "z2m" {
      driver = "docker"
      config {
        image   = "koenkk/zigbee2mqtt:1.41.0"
        devices = [{ host_path = "/dev/serial/by-id/usb-ITead_Sonoff_Zigbee_3.0_USB_Dongle_Plus_63d4f62f02498a7844d0fa525133990d-if00-port0" }]
      }
      env {
        ZIGBEE2MQTT_CONFIG_MQTT_SERVER   = "mqtt://localhost:1883"
        ZIGBEE2MQTT_CONFIG_MQTT_USER     = "z2m"
        ZIGBEE2MQTT_CONFIG_MQTT_PASSWORD = "bienenstock"
        ZIGBEE2MQTT_CONFIG_FRONTEND_AUTH_TOKEN = "14520b26c7dba7bc0781babe7d56468e"
        ZIGBEE2MQTT_CONFIG_ADVANCED_NETWORK_KEY = "GENERATE"
        ZIGBEE2MQTT_CONFIG_ADVANCED_PAN_ID      = "6754"
      }
    }
  }
}
