job "minio" {
  datacenters = ["dc1"]

  group "s3" {
    network {
      port "api" { static = 9000 }
      port "console" { static = 9001 }
    }

    task "minio" {
      driver = "docker"
      config {
        image = "minio/minio:RELEASE.2024-09-13T20-26-02Z"
        args  = ["server", "/data", "--console-address", ":9001"]
        ports = ["api", "console"]
      }
      env {
        MINIO_ROOT_USER                 = "minioadmin"
        MINIO_ROOT_PASSWORD             = "minioadmin"
        MINIO_IDENTITY_OPENID_CLIENT_ID = "minio-console"
        MINIO_IDENTITY_OPENID_CLIENT_SECRET = "U2JzsnGsw7Xbp1Rq6RgZTGOMVMJuaxEtMsQDECDZ"
        MINIO_IDENTITY_OPENID_CONFIG_URL    = "https://sso.kestrelworks.net/realms/staff/.well-known/openid-configuration"
        MINIO_KMS_SECRET_KEY                = "backups-key:s71MnxnGHMBzAbPqxwSdwwuhtgC/4HTBa9JJm2WBFbI="
        MINIO_PROMETHEUS_AUTH_TYPE          = "public"
      }
    }

    task "buckets" {
      driver = "docker"

      lifecycle {
        hook = "poststart"
      }

      config {
        image      = "minio/mc:latest"
        entrypoint = ["/bin/sh", "-c"]
        args = [
          "mc alias set local http://${NOMAD_ADDR_api} minioadmin minioadmin && mc mb -p local/uploads && mc admin user add local app mV0CcmK32IXwu1pb44lqn4u0SJje && mc admin policy attach local readwrite --user app",
        ]
      }

      env {
        MC_HOST_offsite = "https://kw-sync:dBniKEu2PbeDSDeCUUVk85CghW8Y1g@s3.nbg1.kestrelworks.net"
        MC_CONFIG_DIR   = "/local/mc"
      }
    }
  }
}
