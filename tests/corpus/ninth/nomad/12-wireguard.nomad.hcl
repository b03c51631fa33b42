job "wireguard" {
  type = "system"

  group "wg" {
    network {
      mode = "host"
    }
    task "wg" {
      driver = "docker"
      config {
        image        = "linuxserver/wireguard:1.0.20210914"
        network_mode = "host"
        cap_add      = ["net_admin"]
        volumes      = ["secrets/wg0.conf:/config/wg_confs/wg0.conf"]
      }
      template {
        destination = "secrets/wg0.conf"
        data        = <<EOF
[Interface]
Address = 10.88.0.1/24
ListenPort = 51820
PrivateKey = U2VIiBKhTk1wEq4qESd2bDQFgnXJvDs1nQe68bo4LaA=

# laptop anna
[Peer]
PublicKey = sb70dS74OIkPi8DzK3G6rt9Gbv2pK54H/LpauaCMIc8=
PresharedKey = rwLyEjBhdSRQniFfkZ7oYFPetWH17lJ5fxBgUfngxIk=
AllowedIPs = 10.88.0.2/32

# office fra
[Peer]
PublicKey = rUt2jg03KfWARTEeCLrah0Rn9uOtj7t9yxHFy6ysuWw=
PresharedKey = t/qVYZkOaOhWcunWEZzWIwhxWLU6vpq39gDuHcrh6O4=
AllowedIPs = 10.88.0.3/32, 192.168.20.0/24
Endpoint = office.example.net:51820
PersistentKeepalive = 25

# phone, retired
# [Peer]
# PublicKey = bsP51qKKKaNZz/T2DwVDdJ12n1TT1+yMUEpVnkFg3QY=
# AllowedIPs = 10.88.0.4/32
EOF
      }
      env {
        PUID          = "1000"
        LOG_CONFS     = "true"
        KEY_DIR       = "/config/keys"
        ROTATE_KEYS   = "false"
      }
    }
  }
}
