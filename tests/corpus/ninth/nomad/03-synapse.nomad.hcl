job "matrix" {
  group "synapse" {
    task "synapse" {
      driver = "docker"
      config {
        image   = "matrixdotorg/synapse:v1.116.0"
        volumes = ["local/homeserver.yaml:/data/homeserver.yaml"]
      }

      template {
        destination = "local/homeserver.yaml"
        data        = <<EOH
server_name: "chat.example.net"
pid_file: /data/homeserver.pid
listeners:
  - port: 8008
    type: http
    resources:
      - names: [client, federation]
database:
  name: psycopg2
  args:
    user: synapse
    password: Lerche.im.Mai.5
    host: pg.service.consul
    cp_max: 10
signing_key_path: "/data/chat.example.net.signing.key"
registration_shared_secret: "zzZ4dbou9MjG6K9lF5WQ4PxehLwhA7qiVqOLBDt2llMq1VStIV"
macaroon_secret_key: "TZCEZ0xPdd9sCUL1J4ktMoqyh7lY2wy47gJ1YC9ZISaevL12qo"
form_secret: "nGg9fhQQXnx82WiAMvDphdT72GN3AMduHQTSOALqoa7R"
turn_uris: ["turn:turn.example.net?transport=udp"]
turn_shared_secret: "bba504621608ebb23dd5174db6bd15a8e99dd31b7d8beb2d"
turn_user_lifetime: 86400000
trusted_key_servers:
  - server_name: "matrix.org"
    verify_keys:
      "ed25519:a_RXGa": "XIPp2/Cn3KxhY8VDelBPAZ4NwjXJnS1XZn8k8o7H9LK"
password_config:
  enabled: true
  policy:
    minimum_length: 12
    require_symbol: true
session_lifetime: 60d
refreshable_access_token_lifetime: 10m
email:
  smtp_host: mail.example.net
  smtp_user: "synapse"
  smtp_pass: "Zug#nach#Ulm"
  notif_from: "Chat <chat@example.net>"
  password_reset_template_html: password_reset.html
EOH
      }
    }
  }
}
