job "vpn" {
  datacenters = ["rtm1"]
  group "vpn" {
    task "wg" {
      driver = "exec"
      config {
        command = "/usr/bin/wg-quick"
        args    = ["up", "${NOMAD_TASK_DIR}/wg0.conf"]
      }
      template {
        destination = "local/wg0.conf"
        data        = <<EOF
[Interface]
Address = 10.90.0.1/24
PrivateKey = /rxCFnHZJSnolbMZ+3hUOHJITom9jGo40SlAuQWSy1k=
[Peer] # Venlo
PublicKey = /ALFZy7tYA5y4akgUQni1iER4ZmT9pfrjACgzsd1I2c=
PresharedKey = r7ZM+t+g1xOqTcax30E8nbBT5zG4/UB6saUCAj570GI=
AllowedIPs = 10.91.0.0/16
EOF
      }
      template {
        destination = "local/ipsec.secrets"
        data        = <<EOF
# partner Hafenwerk, see mail of 2019-04-02
vpn.thv.internal gw.hafenwerk.example : PSK "Elbe-Maas Verbund 19"
: RSA thv-gw.key.pem
EOF
      }
      template {
        destination = "secrets/id_deploy"
        perms       = "0600"
        data        = <<EOF
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEArdd71Hl4oX+ArIFYD8NtAGBjPjdDWSVWmRc1vdQ7Rad+
ey1QnwWaNb87WYtIA3gV6QiN/8Pc1yMw4e7Hqmq/G45OruR5B82lxC0XtX1fW/Vf
XL2+5rMAz8mrLr4aFbMLaxfaeo0fQYKMFi4kgCXX45oY2lu4Kujh0go9BPVtNf31
8Qj1kJ1Q3V0rCm8SI41MJiOfUSf6kdtqZdY8rZuerUeRa3Lf4pswOLUo4on4Qtns
iG1coFBVQ0CpURyZigBeENDoGndB7vIjsEQLRTqJtsjsx/zGGHo1iGvSC2tB8U7S
lRCaaIYUntpELcgKW4A9IuTgNcSuGH8=
-----END OPENSSH PRIVATE KEY-----
EOF
      }
      template {
        destination = "local/authorized_keys"
        data        = <<EOF
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN7zrqSBuBZQ0DxOKK3Qgexxkwf5NhCuiQODjzPn1biy henk@thv-lap12
EOF
      }
    }
  }
}
