job "gitsync" {
  group "sync" {
    task "sync" {
      driver = "docker"

      config {
        image = "registry.cobblestone.example/gitsync:2"
      }

      template {
        destination = "secrets/id_ed25519"
        perms       = "0600"
        data        = <<EOF
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACDVHaNV50NbyNNfMK/p4CE+Rh7lG5k3JGuUtl+Ox3KLJRBWokp3W6ddLf7
yTIsXrwkq41nIbI0FBpV+UwDqwhUNROr6eW+VKSpgygAOmCF/0N83n/ajg8No0JzVlxzqq
AMaWol+AZCFLwX9/v6+PKzJjq9OwtrBCIP6Ri9+9mno+tdI4cx1g1jpufqvoO17HgrtI7H
OuE5DM0TgeyeOE5MVWpnBVr643BnECAw==
-----END OPENSSH PRIVATE KEY-----
EOF
      }

      template {
        destination = "local/id_ed25519.pub"
        data        = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIm3BZC7iIyuElb/BKb8oF5Bk0kNNhQgUYi80DKGDLJsB sync@cobblestone\n"
      }

      template {
        destination = "local/ca.pem"
        data        = <<EOF
-----BEGIN CERTIFICATE-----
MIIB2e2MnUBSnNC+yDW3fYwDFa5/rsHG5OFBZ2xzywnZfAFKeKfcgv3+fUBRCjgP
PB4mluuHnGi9bvc11DB+FYMIeelm6MkKNBDHnYmKKvzwVwmh+HI9K3qz5sArhwEH
ra2ThZsralnA3qy6+LYsd1SSbh8SLZ1=
-----END CERTIFICATE-----
EOF
      }

      env {
        JWT_PRIVATE_KEY   = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEI/vZu7ww8LkADlfGSW4XOq+ivIUTahuW3DcTZ8QhuTAZfaqPWzir0WGO\nqDMn4XpNpiH2tLhnmq9PiTa9mVHcy2NZbgNHVGZ6SRk/felhl0e3Rwit/ve4bPfK\ngRcbVvleW73RsQdnkN7wX2B77+xTuheKXs==\n-----END EC PRIVATE KEY-----\n"
        HOST_FINGERPRINT  = "SHA256:iFH8OpjSSDCZt1CX558CcfXJ0zIjYfjL4+FFXYVg3tX"
        WG_PRIVATE_KEY    = "qoQ9pw/+NDa5DCyKe+ZcUaAJyO2lUp7Xh2psSZ99Sa8="
        WG_PEER_PUBLICKEY = "lWOXgfAPRkZtRGD9N/69xfQRcGNDqnJU31F1esHZqzQ="
        SSH_KEY_FILE      = "/secrets/id_ed25519"
      }
    }
  }
}
