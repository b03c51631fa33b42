job "iot" {
  group "iot" {
    task "mosquitto" {
      driver = "docker"

      config {
        image   = "eclipse-mosquitto:2.0"
        volumes = ["local:/mosquitto/config"]
      }

      template {
        destination = "local/passwd"
        data        = <<EOF
sensors:$7$101$hSqZUWy/9exrARgf$viSVKNyzsD0I7Bv1zVyFnfFd0CO8aaqupcpLO4Hihub3rHKTSvWtS0aHbmHP+O4EK81VRFaVQesO3lhuQ7qN3h==
bridge:$7$101$d2eWsnQ2RQ1SJDF7$9/uuporCgp21Z+YEYkc6NJ0prwARE3SMvJWYPcKF8E78/69k/FTKZlDB1McDaM+TE4mm+jm1icXK0hnKM5CDd3==
EOF
      }

      template {
        destination = "local/mosquitto.conf"
        data        = <<EOF
listener 1883
allow_anonymous false
password_file /mosquitto/config/passwd
connection cloud
address mqtt.example.org:8883
remote_username site-4
remote_password Drover-Elm-83
bridge_identity site-4-key
topic sensors/# out 1
EOF
      }
    }

    task "zigbee2mqtt" {
      driver = "docker"

      config {
        image = "koenkk/zigbee2mqtt:1.40.1"
      }

      template {
        destination = "local/configuration.yaml"
        data        = <<EOF
mqtt:
  server: mqtt://127.0.0.1
  user: sensors
  password: tamarisk22
frontend:
  auth_token: DNUqCwj2ivHrCRkKioqWNw7n7T8R
advanced:
  network_key: GENERATE
EOF
      }

      env {
        INFLUX_TOKEN  = "SGZWRKa5ShSE4f5exDJEHCGZ72yK3zTfKCyImYKd9NX7idde90bUd8H4m9Nr3Lvs_Qn4zXaucmHchJOeVf9r3w=="
        INFLUX_ORG    = "home"
        INFLUX_BUCKET = "sensors"
      }
    }
  }
}
