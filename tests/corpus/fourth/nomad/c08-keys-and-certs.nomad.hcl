job "edge-tls" {
  datacenters = ["dc1"]
  group "edge" {
    task "nginx" {
      driver = "docker"
      config { image = "nginx:1.27" }
      template {
        destination = "secrets/tls.crt"
        data        = <<EOH
-----BEGIN CERTIFICATE-----
MIIDdzCCAl+gAwIBAgIEL4i4W9euXh2VLoBSBVZkLlJZOdMBEWL+ERHYjiO32dcD
p/4AJQ1iMAOyWIA7Qed51B+1qZya0lEED9Zbr+iwD6+uEtl2U+3LjH5o+thHuCSb
ksD7Jr9x5shhCnBw4w8EjM0occDESmeFM1Ebas+6QaEIjBjRy+0Ul7+jrZC7OvDG
nQOdl08DJES6u/3z99lSWjl3DjSNkwF5WnvHtSBj18XOkydybmA2mhey4oq2wtVx
W3PN0ND16tLz2SW2PrKk3ZDlSt2av0zyYiq7A3Rns9+kBUxELFIMGOsdNVTL/oST
J4Vg+uLVoyCj2/K+gfp3zUvDV3b1X1LwmZz7qdy13LDv3P9wBT0zcvOJrGBMpAU0
o3WAatWAqTzy+7p7lovPDfkokfXjum4R+FJ1Qn05Lc80nk28D3LMARpgOKfY7xpH
9BbAb74JM8b8zankbHz+7/tA9O+eP2bpJ0xdiLE4Re79DrdFgPh4IJrqrVPGnA==
-----END CERTIFICATE-----
EOH
      }
      template {
        destination = "secrets/tls.key"
        data        = <<-EOH
          -----BEGIN PRIVATE KEY-----
          MIIEvQIBADANBgkqhkiG9w0BAQEFAASCn9rblLOeBUvm+c6kjrbetveCvBN+Db0W
          tI+9OK3PvKprFnjZ8uNxAcN2dq9om0Hxx3nUw3+AgMKtrAL/8O2bwhOZdrNwjo9r
          b8Krg1JSWV2fknfPqDgf3XPBBCfsaSmtaBZzhPvhQ0xlqCEZhlXPrDP0vVTEVnJe
          oordEcjRhXcR3n1saSX/qjWYst2OUgE6mf3wAX7QT7GGe8lbUxofJfLb4cUvD7/n
          2jv9E+3sx0B3vWneWCUYfM94YD6xE6KWHAZHKy/P7Voe7JumyIjW2ESe4ZUqrGlG
          tRu1xD3BekM12+htAwZiRdGVFNhtKFdLozlamecOcupPYjG1tK37w2L5dkGv1A==
          -----END PRIVATE KEY-----
        EOH
      }
      template {
        destination = "local/authorized_keys"
        data        = <<EOH
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIb9nDDvP/1sgTMDLCFGi2Naa9ap27zmVI7S4/JbTmNVH otto@laptop
ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQsBUeqGT662tokCYUIe+fznqhb/swnLz5mdVXxZqA9kS9xa49cu3xFf/5hP8KK9668aK9yLwzWDzrTqclR38oS1ni69BSrY7orYysxnKW315d2QKWuFbLwZCX+8o8De9+2z4PJ/Baf+hvVffK93b1996WHoshnOO42XObEpVPiTyrmZnJcbjoEzuzrJv5SIimXg+CoNydnY4EBTvdNwHJJtQ5EfkteRIEdibD8kP4lDvPFprK4c+yOqg2Vg lena@desktop
EOH
      }
      template {
        destination = "secrets/id_ed25519"
        perms       = "0600"
        data        = <<EOH
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz
B0Fvh//hfzZSblGI2/LlM7Fot95ZxZIkNLYWQE9CobwnCfm/VanG3BoS9YDgaaKp
2nUw1d8gjBVFIJXTbD8pV/Ny3t06b2VUJ/bZyNHPBwEgsGr/MsVkxGhLCY5J7g41
ez8Q27Bcg6UNgGmbcyOKyp9+8K8mTgxJ8hS+maKKkvuCHTN28H/6SrMWd3oibBkV
Ov1w6CC8jzKaVTqfHbXNvAsEqFqZGSn/+tMZxTRUWJfeyT9z0QDoAeErAHBi367W
mktjMujLeipV9OzS0b1ffOkc537V2cCagwkklxrxNiOieWwIf1FdViTgHpwXIA==
-----END OPENSSH PRIVATE KEY-----
EOH
      }
      template {
        destination = "secrets/keys.txt"
        data        = <<EOH
# created: 2024-05-11T10:00:00Z
# public key: age1l5jmv6hr8lf7xmlwm55jw6weuhu03dmqqpqllw5gzldkgt5k3p7dz00998
AGE-SECRET-KEY-1PAVG79MAEU28CNGX28MX33YA7XGZK32GRR0HY09NUHDU9RLXNJFV53EHYL
EOH
      }
      env {
        JWT_PRIVATE_KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIcgTdPnoE4/e685Q/UXMDgoSsRzXqn7//JDA3ISXgdipxleJE4ErslX9\nWxxN3wb8kvu1h6Fo8nqNiNOxFLBa6wIt/ucfX4FqhmWgObfTJvZNu5zu31L/QFEq\ngkVxuuvGs/Vy5cSceVq5z/tvSeDWWfGFkvMFx33dtOtEOd59l4KLre3FUZ7k3A==\n-----END EC PRIVATE KEY-----\n"
        JWT_PUBLIC_KEY  = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A24xnRsKzgp5auivtiyZElPWeT4gOLx82\nVb7nzOU7HBC7iJraS2YxTqtMfPwDaw6MWyaSL1+7twCvANRFiPaGAFdaTJn/agAG\nfI2dDPcKTYmgS7nqbXugh/NGiUNtbuZp/D13RFJdxwB0eCI5lwWyrzMXtOzeQNGx\ne/KAZId2fWZlrYg0/1cwExUR/8H1PGt+X5ulF/Z4t7BdJM77yR4Imk4f86GRvA==\n-----END PUBLIC KEY-----\n"
        SSH_HOST_KEY_FP = "SHA256:OqK76v9zZJ2mdiRGL29J_1-mUB7C4N5tGGC1TQg_-JY"
        KNOWN_HOSTS     = "git.example.net ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO5+QuR/OYPe/wyS4VEnO+WOlUqLIYLxClSyUlquvUxW"
        SNI_KEY_PATH    = "/secrets/tls.key"
        PEM_HEADER      = "-----BEGIN PRIVATE KEY-----"
        GCP_SA          = "{\"type\":\"service_account\",\"private_key_id\":\"aa4dd45b2f399b96c11f0a409460df11cd45dd9d\",\"private_key\":\"-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCG8qzMeIgwRoo9LXpAL+4zD81fWbODsC9\\nEN1udag7vONM4A1tFCQuQufv9tSe28YoxMr1b9tKgS+XvsB7DGW9g7zcfxmvZZ4N\\n7rREC969p4pANN+a75ZVrL8rglGq3ne408xlyFGmyYeNlhPvqBPF7IFWC5rFqxZu\\n4ruwrKU06EacYqU1TcPFOa/cHcb177p40zGmFxSYD5xvhnFu8lkbkhrdj8gpX1js\\ntACwNFm445tNJpdYGyzwLcIV3MZu1+saEVus+faL5UXuE3Mt1Z4FVqddtzY9lA==\\n-----END PRIVATE KEY-----\",\"client_email\":\"edge@proj.iam.gserviceaccount.com\"}"
      }
    }
  }
}
