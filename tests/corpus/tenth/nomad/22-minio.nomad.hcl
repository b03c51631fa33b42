job "minio" {
  group "minio" {
    volume "data" {
      type      = "csi"
      source    = "minio"
      access_mode     = "single-node-writer"
      attachment_mode = "file-system"
    }

    task "minio" {
      driver = "docker"

      config {
        image   = "minio/minio:RELEASE.2024-08-17T01-24-54Z"
        command = "server"
        args    = ["/data", "--console-address", ":9001"]
      }

      env {
        MINIO_ROOT_USER      = "minioadmin"
        MINIO_ROOT_PASSWORD  = "minioadmin"
        MINIO_KMS_SECRET_KEY = "minio-key:6z/cxx4GvctUBUNpn1fdNLYm/6C6ZjDp6eFayo7PgMc="
        MINIO_IDENTITY_OPENID_CLIENT_ID     = "minio-console"
        MINIO_IDENTITY_OPENID_CLIENT_SECRET = "KpSUpGHPgqN0LPKKFc5UatTfkecmIuXI"
        MINIO_IDENTITY_OPENID_CLAIM_NAME    = "policy"
        MINIO_PROMETHEUS_AUTH_TYPE = "public"
      }
    }

    task "setup" {
      driver = "docker"

      lifecycle {
        hook = "poststart"
      }

      config {
        image      = "minio/mc:latest"
        entrypoint = ["/bin/sh", "-c"]
        args = [
          "mc alias set local http://127.0.0.1:9000 minioadmin minioadmin && mc admin user add local loki Bulrush-81-Ink && mc mb -p local/loki",
        ]
      }

      env {
        MC_HOST_offsite = "https://backup:kBcgfpq7QvbS1mvn2JRv4g4ivCs8mAKRqvCZI1EG@s3.example.org"
        MC_ENCRYPT_KEY_NAME = "minio-key"
      }
    }
  }
}
