job "matrix" {
  group "matrix" {
    task "synapse" {
      driver = "docker"

      config {
        image   = "matrixdotorg/synapse:v1.113.0"
        volumes = ["local/homeserver.yaml:/data/homeserver.yaml"]
      }

      template {
        destination = "local/homeserver.yaml"
        data        = <<EOF
server_name: example.net
database:
  name: psycopg2
  args:
    user: synapse
    password: Chaffinch-Rig-88
registration_shared_secret: "^#EsHuUgYZf7W#ef7mKtkruwSGnwUUi3RmxwGEGkaR39-9a-Zt"
macaroon_secret_key: "tt_tpVuuuq4LqAyZU8wPaKFwj^Zk*NCVinZ!Jfjddd*QQM_.gU"
turn_shared_secret: 4f3dff40e2ba94433092d2a53e72d80e010001fd82b1fd1dcdb14e6f79db24da
enable_registration_without_verification: false
password_config:
  policy:
    minimum_length: 12
trusted_key_servers:
  - server_name: matrix.org
    verify_keys:
      "ed25519:auto": "d4ig/+v1d2cxDzBBHax71xU2J2GV214OZe7aJLVqs0l"
EOF
      }
    }

    task "coturn" {
      driver = "docker"
      config {
        image = "coturn/coturn:4.6"
        args  = ["-n", "--use-auth-secret", "--static-auth-secret=4f3dff40e2ba94433092d2a53e72d80e010001fd82b1fd1dcdb14e6f79db24da", "--realm=turn.example.net"]
      }
    }

    task "bridge" {
      driver = "docker"
      config {
        image = "registry.example.net/tg-bridge:2"
      }
      template {
        destination = "local/registration.yaml"
        data        = <<EOF
id: telegram
as_token: YVuLz7KLXzUXS6vpIBvQzuvX45WQ0MiQIgueuJoD2Px0OtcNZw6a7LryFqT3or2g
hs_token: 0PHrFMsjts90Ze3jgku2aySNvJO9zGVTun9Wyd59s93sNC50lvyt3SKmM709zVsr
sender_localpart: telegrambot_token
EOF
      }
    }
  }
}
