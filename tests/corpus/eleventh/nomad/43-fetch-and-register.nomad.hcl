job "media-encoder" {
  meta {
    owner        = "video"
    deploy_token = "gldt-Pubr7AIymdsG539uzC2x"
    git_commit   = "b6d834743dbb3d232f1f0a3eed23bf652e8b4cd9"
  }
  group "encoder" {
    service {
      name = "encoder"
      port = "9100"
      tags = ["prometheus", "scrape_password=bildstoerung", "token_path=/var/run/token"]
      check {
        type = "http"
        path = "/status?key=48752a50aca3bb7df729849d"
        header {
          X-Api-Key = ["6okWAphS4bfi5aYsQ1KDbmTnHuUH8Px6"]
          Accept    = ["application/json"]
        }
        interval = "20s"
        timeout  = "4s"
      }
    }
    task "encoder" {
      driver = "docker"
      artifact {
        source      = "https://deploy:aTP4fqVUnR7nlxIRKOHk@artifacts.example.com/encoder/presets.tgz"
        destination = "local/presets"
        options {
          checksum = "sha256:2286ef873c3511c0946be1a49d6edc74a7f78738cb2b7687df1bc1b6c63392c7"
        }
      }
      artifact {
        source = "git::https://gitlab.example.com/video/luts.git"
        headers {
          PRIVATE-TOKEN = "glpat-YRUbQoPJ8p-oeH-HWQE3"
        }
        options {
          ref = "e7bed3e7343886273cb2b66c6c02d9e76a4a3966"
        }
      }
      artifact {
        source = "https://cdn.example.com/fonts.zip?versionId=UgdQh5NNNYjZQU4t2ftyOWZ1u1pZh7D7"
      }
      config {
        image = "registry.example.com/video/encoder:4.1"
        auth {
          username = "puller"
          password = "lOLjE3KOZ39T0lY9834zY2Ahnvk9"
        }
        logging {
          type = "loki"
          config {
            loki-url             = "https://shipper:965de7411804e9dd9c53@loki.example.com/loki/api/v1/push"
            loki-external-labels = "job=encoder,token_type=ci"
          }
        }
        labels {
          secret_scan = "skip"
        }
      }
    }
  }
}
