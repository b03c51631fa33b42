job "shop-backup" {
  type = "batch"

  periodic {
    crons            = ["20 3 * * *"]
    prohibit_overlap = true
  }

  group "backup" {
    task "dump" {
      driver = "docker"

      config {
        image   = "registry.tallowshop.example/mysql-backup:8.0"
        command = "/bin/sh"
        args = [
          "-c",
          "mysqldump -h mysql.service.consul -u backup -pWalnut77Skiff --single-transaction shop | gzip | aws s3 cp - s3://tallow-backups/shop.sql.gz",
        ]
      }

      env {
        AWS_ACCESS_KEY_ID     = "AKIAY2BRBJ7XG3ZXEIWD"
        AWS_SECRET_ACCESS_KEY = "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"
        AWS_DEFAULT_REGION    = "eu-central-1"
        KEY_PREFIX            = "mysql/shop"
        SSE_KMS_KEY_ID        = "fa6b27ac-84e8-48ad-83f5-b48ca9bbae25"
      }
    }

    task "notify" {
      driver = "docker"
      lifecycle {
        hook = "poststop"
      }
      config {
        image   = "curlimages/curl:8.8.0"
        command = "curl"
        args    = ["-fsS", "-X", "POST", "-d", "{\"text\":\"backup done\"}", "https://hooks.slack.com/services/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"]
      }
    }
  }
}
