job "wireguard" {
  type = "system"

  group "vpn" {
    network {
      mode = "host"
      port "wg" {
        static = 51820
      }
    }

    task "wg" {
      driver = "raw_exec"

      config {
        command = "/usr/bin/wg-quick"
        args    = ["up", "${NOMAD_SECRETS_DIR}/wg0.conf"]
      }

      template {
        destination = "secrets/wg0.conf"
        perms       = "600"
        data        = <<EOF
[Interface]
Address = 10.9.0.1/24
ListenPort = 51820
PrivateKey = sac/NWz8Td4N+3trsFZRZEcLVOk+vGyV8e+Dk58yfIM=

[Peer]
# office
PublicKey = 4ccdINBJzLEPr1wyrKUZTNaEapRAdqQoKmj+Es2vlfM=
PresharedKey = YujG4NDYYGN8TXfXYMvWa/Fcqyq5qy8DQv8jFTAaVS8=
AllowedIPs = 10.9.0.2/32

[Peer]
# anna
PublicKey = 66u4ycYZ6HwKYxU4aqjU01b3xQYxPJazSEbMfPWaHMA=
AllowedIPs = 10.9.0.3/32

[Peer]
# piet, his old key: PresharedKey = nKeFb6gqQ+6j1pbXk7vAzBmf7cllOUsuQS/sLwNU9Is=
PublicKey = iVlKuyvF40kgxiXcKjvSCSym20R7jFRDERLd0hsRBnQ=
AllowedIPs = 10.9.0.4/32
EOF
      }
    }

    task "portal" {
      driver = "docker"

      config {
        image = "registry.example.net/wg-portal:2"
      }

      env {
        WG_SERVER_PUBLIC_KEY = "W79qL3o1QRmZojVEa8GnPWulPg3+QcRrnlZQbF50B6w="
        WG_PORTAL_SESSION    = "5VNSZ2cgRMqUDzHJ4Mxe6W4xITvItMbJk2aWSFtvf5hc957K"
        WG_PORTAL_ADMIN      = "admin@example.net"
        WG_PORTAL_PASSWORD   = "wgportal"
      }
    }
  }
}
