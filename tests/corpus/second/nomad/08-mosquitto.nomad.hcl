job "mqtt" {
  group "mqtt" {
    network {
      port "mqtt" { static = 1883 }
    }
    task "mosquitto" {
      driver = "docker"
      config {
        image  = "eclipse-mosquitto:2.0.18"
        mounts = [{ type = "bind", source = "local/mosquitto.conf", target = "/mosquitto/config/mosquitto.conf" }]
      }
      template {
        destination = "local/mosquitto.conf"
        data        = <<EOF
listener 1883
allow_anonymous false
password_file /secrets/passwd
connection upstream
address mqtt.example.org:8883
remote_username bridge
remote_password tin.whistle.tin
bridge_psk 8e9335cbb93942e4edaee988884e6166
bridge_identity home-1
bridge_cafile /etc/ssl/certs/ca-certificates.crt
EOF
      }
      template {
        destination = "secrets/passwd"
        data        = <<EOF
ha:$7$101$ccDPacYT8gcvVeYP$DW51JJztX1RWm5JEQ9LrU7v0fyrEpAClwfdCGYh8YheUWmFNCD5hKlVWgje5f3/it3XTRb6t8e2wfrxtJ/VNJw==
zigbee:$7$101$YcSewEcBn7QDaPR9$HAL+d/xaAbfnhtg5aiQcNaJyLKS0uT5csxZFgSxDndu68NDzErUHIIsZrR9oK+2uHUl0CiC69ajehlLdvmsmYQ==
EOF
      }
      service {
        name = "mqtt"
        port = "mqtt"
        check {
          type     = "script"
          command  = "mosquitto_sub"
          args     = ["-t", "$SYS/broker/uptime", "-C", "1", "-u", "ha", "-P", "lamp-lamp-lamp"]
          interval = "60s"
          timeout  = "5s"
        }
      }
    }
  }
}
