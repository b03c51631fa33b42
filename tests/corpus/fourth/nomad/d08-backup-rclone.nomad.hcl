job "backup" {
  type = "batch"
  periodic { crons = ["@daily"] }
  group "backup" {
    task "rclone" {
      driver = "docker"
      config {
        image = "rclone/rclone:1.68"
        args  = ["sync", "/data", "crypt:", "--sftp-pass", "Mz4ibmgv8bGE1YXRP4vjYFymfbntedPfmHYqYQ", "--config", "/secrets/rclone.conf"]
      }
      template {
        destination = "secrets/rclone.conf"
        data        = <<EOF
[b2]
type = b2
account = 004a00ee5c1c6bc0000000001
key = K004eyKFZMNnr2-BUjoSkywEP4cuaKs
hard_delete = true

[drive]
type = drive
client_id = 522339895792-2h6mlysyz49sydlnvlr9386cw01rrb58.apps.googleusercontent.com
client_secret = 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
token = {"access_token":"ya29.2uYUIQZV5kkn-CA_WdDAOQq590qyKDIRE_nShst25XEo-YZufL7FaD2JMgGdLYzdDYWdzo7yYr-EpaOI-Jfdn7YjDgDrECXz8MrI6aLJA0cgLoejr6SBLhvmWDi_BLzeyAIvSfG7r-ivQg1VANi7TYcDWRUz7kqe","token_type":"Bearer","refresh_token":"1//0NLJgmYwEb7iDLz6VVUVpmtn-k2x5Vd-KdggEtq9Zs6yvPNYh3mAiQJErUeoAtjdSX7abvsuIiXAZ81GBAhmqjQvq9TYlsw","expiry":"2024-09-30T10:11:12+02:00"}

[crypt]
type = crypt
remote = b2:backup
password = iGxI6Aaph8AhNvGnso0iy69v_spHe1pjS_6hRVcCEp0
password2 = 9uidHycZXdI2GJlp8SS7Zkjox5xoZE3YQPxRQVxSreU
filename_encryption = standard
EOF
      }
    }
    task "pg" {
      driver = "docker"
      config { image = "example/pgbackrest:2.53" }
      env {
        PGBACKREST_REPO1_CIPHER_PASS   = "3d9CO8rHpku2FqRN5lf0X6Z4CP+tCRMEiz5h2Yh0KPTRJoEE"
        PGBACKREST_REPO1_CIPHER_TYPE   = "aes-256-cbc"
        PGBACKREST_REPO1_S3_KEY        = "AKIAD3PCG6RUJZU3ILPP"
        PGBACKREST_REPO1_S3_KEY_SECRET = "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"
        PGBACKREST_REPO1_S3_KEY_TYPE   = "shared"
        BORG_PASSPHRASE                = "sierra badger nimbus copper"
        BORG_RSH                       = "ssh -i /secrets/borg_key"
        KOPIA_PASSWORD                 = "Meadow2017#"
        B2_APPLICATION_KEY_ID          = "004bbb48ac9aa910000000002"
        HEALTHCHECK_URL                = "https://hc-ping.com/a42ed4c8-16c5-4f33-a1d0-bb0e329cbf11"
      }
      template {
        destination = "secrets/aws-credentials"
        data        = <<EOF
[default]
aws_access_key_id = AKIAEJINR6XDIKRX6BDJ
aws_secret_access_key = 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
[audit]
role_arn = arn:aws:iam::123456789012:role/audit
source_profile = default
[old]
aws_session_token = {{ with nomadVar "aws" }}{{ .session }}{{ end }}
EOF
      }
    }
  }
}
