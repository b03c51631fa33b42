job "objectstore" {
  group "minio" {
    network {
      port "api" { static = 9000 }
    }

    task "minio" {
      driver = "docker"
      config {
        image = "minio/minio:RELEASE.2024-06-13T22-53-53Z"
        args  = ["server", "/data", "--console-address", ":9001"]
      }
      env {
        MINIO_ROOT_USER     = "stonecrop"
        MINIO_ROOT_PASSWORD = "Scree&Cairn-2209"
        MINIO_KMS_SECRET_KEY = "stonecrop-key:ENgw5tmsmillv+C1Qb3oIpaLVoWI219E3nqHo+Yw5X8="
        MINIO_SERVER_URL    = "https://s3.stonecrop.example"
      }
    }

    task "setup" {
      driver = "docker"
      lifecycle {
        hook = "poststart"
      }
      config {
        image      = "minio/mc:latest"
        entrypoint = ["/bin/sh", "/local/setup.sh"]
      }
      template {
        destination = "local/setup.sh"
        data        = <<EOF
mc alias set local http://127.0.0.1:9000 stonecrop 'Scree&Cairn-2209'
mc admin user add local photos UavVMgflY2mshphDQcGCNwMH3ACMfd7bEcx9xlbA
mc admin policy attach local readwrite --user photos
mc mb --ignore-existing local/secret-santa
export MC_HOST_offsite=https://offsite:gravel-Path-71@s3.offsite.example
EOF
      }
    }
  }
}
