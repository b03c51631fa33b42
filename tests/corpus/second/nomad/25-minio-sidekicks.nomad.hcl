job "s3" {
  group "s3" {
    task "minio" {
      driver = "docker"
      config {
        image = "quay.io/minio/minio:RELEASE.2024-08-26T15-33-07Z"
        args  = ["server", "/data", "--console-address", ":9001"]
      }
      env {
        MINIO_ROOT_USER       = "root"
        MINIO_ROOT_PASSWORD   = "sand between toes"
        MINIO_KMS_SECRET_KEY  = "local-key:pJIb7+TCVL0iCD/k5pz3SrZv1E8rwTe/NV1i8Loh+XU="
        MINIO_IDENTITY_OPENID_CLIENT_SECRET = "AVlwrYfAhYRwkWMqAOdLACzluyONECpw"
        MINIO_PROMETHEUS_AUTH_TYPE = "public"
      }
    }
    task "mc" {
      driver = "docker"
      lifecycle {
        hook    = "poststart"
        sidecar = false
      }
      env {
        MC_HOST_local = "http://root:sand%20between%20toes@127.0.0.1:9000"
      }
      config {
        image      = "quay.io/minio/mc"
        entrypoint = ["/bin/sh", "/local/mc.sh"]
      }
      template {
        destination = "local/mc.sh"
        perms       = "755"
        data        = <<EOH
set -e
mc alias set prod https://s3.example.net tempo-svc bsFjPWMmvIqTugZoclN1e3p8jfNn4JXVdMHdKaj9 --api S3v4
mc admin user add local "tempo" "Under-the-Weather"
mc admin user svcacct add --access-key "6UDOQ5SMVTFC7487390W" --secret-key "7eYuS07eyleCVu4zSBu1b3DsGv3Dgrj8la6JY08C" local tempo
mc admin policy attach local readwrite --user tempo
mc anonymous set download local/public
EOH
      }
    }
  }
}
