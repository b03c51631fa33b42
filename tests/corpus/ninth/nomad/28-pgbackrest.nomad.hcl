job "pg-ha" {
  group "pg" {
    task "patroni" {
      driver = "docker"
      config {
        image = "registry.example.net/patroni:3.3"
      }
      env {
        PATRONI_SUPERUSER_USERNAME   = "postgres"
        PATRONI_SUPERUSER_PASSWORD   = "Elefant_im_Regal"
        PATRONI_REPLICATION_USERNAME = "standby"
        PATRONI_REPLICATION_PASSWORD = "zweiter-Elefant"
        PATRONI_RESTAPI_KEYFILE      = "/secrets/rest.key"
        PATRONI_CONSUL_TOKEN         = "41cded40-46c1-4ff0-856b-b63075bdc09c"
        WALG_S3_PREFIX               = "s3://ex-wal/pg"
        WALG_LIBSODIUM_KEY           = "918446cd9ea15a530fb388528cfacfa6c1e88db0c20297f51057c05d997dab22"
        WALG_LIBSODIUM_KEY_TRANSFORM = "hex"
        WALG_COMPRESSION_METHOD      = "brotli"
        WALG_S3_SSE_KMS_ID           = "7f0992c5-bb9e-44c4-a115-09cb29a00653"
      }
      template {
        destination = "secrets/pgbackrest.conf"
        data        = <<EOF
[global]
repo1-type=s3
repo1-s3-bucket=ex-pgbackrest
repo1-s3-endpoint=s3.example.net
repo1-s3-key-type=shared
repo1-s3-key=FCI73BKKKOYHTMR2LXC8
repo1-s3-key-secret=aY6oIRPYUKej7M3XCvTX64NrNI15HkLlcalZ00ZT
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=//FMh9W3aDYSowPZ/Wx+UknmedP1WUV7FIv42WmTV2MdWn4t1REfQneqY1e8AmOa
repo1-retention-full=4
tls-server-key-file=/secrets/pgbackrest.key
tls-server-auth=pgbackrest-client=main

[main]
pg1-path=/var/lib/postgresql/16/main
EOF
      }
    }
  }
}
