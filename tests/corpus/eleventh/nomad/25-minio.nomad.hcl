job "minio" {
  group "minio" {
    task "minio" {
      driver = "docker"
      config {
        image = "quay.io/minio/minio:RELEASE.2024-11-07T00-52-20Z"
        args  = ["server", "/data", "--console-address", ":9001", "--certs-dir", "/certs"]
      }
      env {
        MINIO_ROOT_USER        = "minio-root"
        MINIO_ROOT_PASSWORD    = "bucket-brigade-1"
        MINIO_KMS_SECRET_KEY   = "my-minio-key:8VMZq8eXi3crcQlLDlH819O8oJxg3DTtD7YZfEB3pWc="
        MINIO_IDENTITY_OPENID_CLIENT_ID     = "minio-console"
        MINIO_IDENTITY_OPENID_CLIENT_SECRET = "PSJg9f6G7NifD0X26NEKSrCA46W3F3WCN8bPn2qO"
        MINIO_IDENTITY_OPENID_CLAIM_NAME    = "policy"
        MINIO_PROMETHEUS_AUTH_TYPE          = "public"
        MINIO_NOTIFY_WEBHOOK_ENABLE_LOGS    = "on"
        MINIO_NOTIFY_WEBHOOK_ENDPOINT_LOGS  = "https://logs.example.org/minio"
        MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_LOGS = "3b914e38e37c80c7e4f763f972bd131ec752e607"
      }
    }
    task "users" {
      driver = "docker"
      lifecycle {
        hook = "poststart"
      }
      config {
        image      = "quay.io/minio/mc:latest"
        entrypoint = ["/bin/sh", "/local/users.sh"]
      }
      template {
        destination = "local/users.sh"
        data        = <<EOF
set -e
mc alias set lab http://{{ env "NOMAD_ADDR_api" }} minio-root "bucket-brigade-1"
mc admin user add lab loki-writer IeFWz2m1eaH9pAISIBmQp5z0mIlTcJZf
mc admin user add lab restic "$RESTIC_SECRET_KEY"
mc admin policy attach lab readwrite --user loki-writer
mc admin user svcacct add lab loki-writer --access-key "7BK5L5NUWMD2342ISR1S" --secret-key "wM4x74RTnjEr48kgnJjkiEXdFwae0NvF2YdgcyD8"
mc mb --ignore-existing lab/secret-archive
EOF
      }
    }
  }
}
