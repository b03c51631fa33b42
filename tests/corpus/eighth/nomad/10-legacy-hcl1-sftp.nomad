# nomad 0.8 döneminden kalma iş tanımı
job "edi-sftp" {
  datacenters = ["ist-gebze"]

  group "sftp" {
    task "sftp" {
      driver = "docker"

      config {
        image   = "atmoz/sftp:debian-10"
        command = "gumruk:Mersin33Liman:1001:100:beyan"
        port_map {
          "sftp" = 22
        }
      }

      env {
        "EDI_PARTNER_ID"   = "8690000012"
        "EDI_AS2_PASSWORD" = "as2.z6CVveRjpR9XLC"
        "EDI_KEY_ALIAS"    = "edi-2019"
        "MQ_CONN"          = "amqp://edi:R4bbit%2FDepo@mq.lojistik.example:5672/%2Fedi"
        "EDI_TOKEN_TTL"    = "3600s"
      }

      resources {
        cpu    = 200
        memory = 128
        network {
          mbits = 10
          port "sftp" {
            static = 2222
          }
        }
      }

      template {
        destination = "local/ssh_host_ed25519_key"
        perms       = "600"
        data        = <<KEY
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
DmYldpJbnTCIxUbeQu7rLC7IzFlP0D7vn7cjNNcnXIgY222SOLfSSdB9hHmczvq1wriOIF
bIUVDCQeZTyyJuHnK3Nlj2Rsn7HlexK9Nf+LCy6LBbEcLrctcanSqg4LvJh0XhSybXRCMV
pDqCN7gWSBdhrs2l3iKLvae2FtewAIEy2bQL/rWZDA7pZmKSM1VAyogmUrcPqK597uKMvo
pnqK0n/dk+eQeNugza1caE+sZeYfdiw5cUI/MN=
-----END OPENSSH PRIVATE KEY-----
KEY
      }

      template {
        destination = "local/authorized_keys"
        data        = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIeImvcEpai/lJkYILa+wl1KAVOe1ikPPv8UCyXSJFGGp gumruk@edi\n"
      }
    }
  }
}
