job "ledger" {
  group "ledger" {
    network {
      port "http" {}
    }

    task "ledger" {
      driver = "java"

      config {
        jar_path = "local/ledger-4.2.0.jar"
        jvm_options = [
          "-Xmx1024m",
          "-Djavax.net.ssl.keyStore=/etc/ledger/keystore.jks",
          "-Djavax.net.ssl.keyStorePassword=Gannet7Harbour",
          "-Djavax.net.ssl.trustStorePassword=changeit",
          "-Dspring.datasource.password=kCbekANd0f0RpzKChfUE",
        ]
        args = [
          "--spring.redis.url=redis://:pxc0iwy0sq3ltxi3p2@redis.service.consul:6379/2",
          "--jwt.secret=wFAeRYmueo538IpUc0eEE_mJKTxvTOM4VYs315fjSWPi",
          "--jwt.header=X-Ledger-Token",
          "--jwt.expiry=PT30M",
        ]
      }

      artifact {
        source = "https://nexus.example.net/repository/releases/ledger-4.2.0.jar"
        options {
          checksum = "sha256:e9555fbad701aa728ec5cf78ff25fec4dbcf5e3d10e21b243ef4edea8eda47a1"
        }
      }

      env {
        SPRING_PROFILES_ACTIVE = "prod"
        SERVER_PORT            = "${NOMAD_PORT_http}"
        JASYPT_ENCRYPTOR_PASSWORD = "otter.slate.91"
      }
    }
  }
}
