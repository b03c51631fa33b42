job "matrix" {
  group "synapse" {
    task "synapse" {
      driver = "docker"
      config {
        image = "matrixdotorg/synapse:v1.120.2"
      }
      template {
        destination = "local/homeserver.yaml"
        perms       = "0640"
        data        = <<EOF
server_name: "example.im"
database:
  name: psycopg2
  args:
    user: synapse
    password: y8JzXLGVC7W93O1SHaLnYB2rnd5fEFpN
    host: pg.service.consul
    cp_min: 5
registration_shared_secret: "ioU49uMjqbYA0VsU2o8RqmNsNLxIKsldCIRHQ8WnnWTMAEsNvt"
macaroon_secret_key: "YR6Buj!L8Zy6MctirnWj^7GhurNrNk.*cEf3B6wE"
form_secret: "coEXaVSlcq9RSqsArnPAaXIl53QYaRVG042xlGiqGd5NFyXBXB"
signing_key_path: "/data/example.im.signing.key"
trusted_key_servers:
  - server_name: "matrix.org"
    verify_keys:
      "ed25519:auto": "sCT8JuV7o9HcCy3dOHI7zba/vSyMKAVg8P37TCvuDNs"
suppress_key_server_warning: true
turn_uris: ["turn:turn.example.im?transport=udp"]
turn_shared_secret: drehstuhl-99
turn_user_lifetime: 86400000
password_config:
  enabled: true
  pepper: "PPladDNlcKjGdI25Gz2gJJkh"
app_service_config_files:
  - /data/registration-telegram.yaml
EOF
      }
      template {
        destination = "local/registration-telegram.yaml"
        data        = <<EOF
id: telegram
as_token: Lann93t9Ha0AOJz0HvvtYKShnBZHfT69ipw2xCYaTFNQiHq6aV5fNp4j8Ikg75GZ
hs_token: oTRvmQOXFbyeYWpbVcHDT1hDKhYjUZ0OrGtXCUXe8OhvhfuAXal9GAslW9PX9msX
sender_localpart: telegrambot
rate_limited: false
EOF
      }
    }
  }
}
