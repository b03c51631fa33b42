job "mirror" {
  type = "batch"

  meta {
    git_commit  = "3f57889dfecd0a54f11794a9700739087985a19e"
    build_name  = "b-20241007.3"
    sbom_sha512 = "dbcb97f41d628cc0857e88fd98f68eef3667e1f7babea5123587ab5255de107ff8099016435dd2785e54e2cd0baf5facfd3a1750dac831705f83e9e543f3869d"
  }

  group "mirror" {
    task "fetch" {
      driver = "exec"
      artifact {
        source = "https://releases.example.net/mirror_1.9.2_linux_amd64.zip"
        options {
          checksum = "md5:62638628a601a0500447fb1efc089290"
        }
      }
      artifact {
        source = "git::https://git.example.net/ops/mirror-lists.git?ref=5dbda642c37cfe6e73c5a9b27e2f67a54fd20a80"
      }
      config {
        command = "local/mirror"
        args = [
          "--etag", "114f22f83fb7fd33f53149a6f718d965",
          "--verify-key", "RWQzJl+THVPWncb8jsq8H3DKHcVDXm1ZyBYyRtIpxKX7E/l6KkBXa4L=",
          "--request-id", "d7b2452d-dd28-4bcc-8f69-70e41459fb74",
          "--integrity", "sha384-wRNQKJKat48dQkQQGmkjLfTKqLI1+ylps1Rb96lcPK/TfhFLQTIGyR8mSedxSyFf",
        ]
      }
      template {
        destination = "local/authorized_keys"
        data        = <<EOF
ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQdmNz/inCRXzHRiqq6eDrODoJXOpAWA4oQJ39/ZHpFd2iP6R8PJlsJ/85XCD069nXp6X1V9z5kO5XVFZLqQa4fxYVg2qZXVH0BJw/1CplNBc4xNeZkt6YXzer anna@laptop
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKQ+7FOANY0Wzng0HYu6QfDrkDAh/pcB9YUI8HVlYb+h deploy
EOF
      }
      template {
        destination = "local/trust.asc"
        data        = <<EOF
-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEZeWsrHVAoeHeMGx60G01ZqewyiyhRbv8GYqe3Iwpy4Nc1FzRG3jizy1IHpPB
EfDepoLE4AgCMe4jYeBb0MFLOqHEOR5NfACgfX8aeeBUA20ynQGzwwh3wCOtNM1Z
=i03M
-----END PGP PUBLIC KEY BLOCK-----
EOF
      }
      env {
        KEY_FINGERPRINT = "SHA256:v3rLUVU0taCmWowbzqN7AB+pJkhhJ1GsKNn1tshqcdG"
        TENANT_ID       = "2ff188fc-b290-4ea6-b0e6-95fdc0b2c032"
        GA_MEASUREMENT  = "G-620MPG11RG"
        AGE_RECIPIENT   = "age12b2yf05idasvf4gaswvwmpk33q60ut7szndraxxwfcp6xcdpmbhq52sj3c"
      }
    }
  }
}
