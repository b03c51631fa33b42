job "minio" {
  group "s3" {
    volume "data" {
      type   = "host"
      source = "minio"
    }
    task "minio" {
      driver = "docker"
      config {
        image = "minio/minio:RELEASE.2024-03-10T02-53-48Z"
        args  = ["server", "/data", "--console-address", ":9001"]
      }
      env {
        MINIO_ROOT_USER            = "thvroot"
        MINIO_ROOT_PASSWORD        = "baggerschip-Waal"
        MINIO_KMS_SECRET_KEY       = "thv-key:gTqaxzxZsPNPsTGQ2eM0lM3mcS/b2+jFmv9dgwCU9zg="
        MINIO_IDENTITY_OPENID_CLIENT_ID = "minio-rtm"
        MINIO_PROMETHEUS_AUTH_TYPE = "public"
      }
    }
    task "init" {
      driver = "docker"
      lifecycle {
        hook    = "poststart"
        sidecar = false
      }
      config {
        image      = "minio/mc:latest"
        entrypoint = ["sh", "/local/init.sh"]
      }
      template {
        destination = "local/init.sh"
        data        = <<EOF
mc alias set thv http://{{ env "NOMAD_ADDR_minio" }} thvroot baggerschip-Waal
mc mb -p thv/labels thv/secret-scans
mc admin user add thv loki f20T7KZBXGfzFA9PMOSuWpX8gGRGhQLz
mc admin policy attach thv readwrite-keys --user loki
mc encrypt set sse-kms thv-key thv/labels
EOF
      }
    }
  }
}
