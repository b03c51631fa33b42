job "rota-optimizasyon" {
  datacenters = ["ist-gebze"]

  vault {
    role = "rota-secrets"
  }

  group "rota" {
    count = 2
    task "rota" {
      driver = "docker"
      config {
        image    = "registry.lojistik.example/rota/motor:5.2"
        hostname = "rota-token.lojistik.example"
      }

      template {
        data        = <<EOH
spring:
  kafka:
    bootstrap-servers: k1:9093,k2:9093
    properties:
      security.protocol: SASL_SSL
      sasl.mechanism: SCRAM-SHA-512
      sasl.jaas.config: >-
        org.apache.kafka.common.security.scram.ScramLoginModule required
        username="rota" password="8v4VaFdHBWkO9Yjj0v41";
    ssl:
      key-store-location: file:/secrets/rota.jks
      key-store-password: rota_jks_2023
      trust-store-password: changeit
  datasource:
    url: jdbc:db2://db2.lojistik.example:50000/ROTA:user=rota;password=Kavsak41;sslConnection=true;
  security:
    oauth2:
      client:
        registration:
          azure:
            client-id: 9647d819-fae6-438f-9033-f90f379a5940
            client-secret: GZH8Q~rGp8Mnz4HnKY34LgBYgY09WQJsDXxuWTK4
            scope: openid
jasypt:
  encryptor:
    password: $${JASYPT_PASSWORD}
    algorithm: PBEWITHHMACSHA512ANDAES_256
legacy:
  fax-pin: ENC(DYneWceheKSuq2cCZ2h8yZqH7LFzKKbw4KJQr/tOGz4=)
EOH
        destination = "secrets/application.yml"
      }

      env {
        JASYPT_PASSWORD = "boğaz köprüsü 1973"
        HERE_API_KEY    = "GOAuAijeaqYR-3e5xk6Xp_v0EHB-3XshIvx8ZJZZ5QE"
        HERE_APP_ID     = "7TxSxQrxIo5ltKHlhypI"
        GOOGLE_MAPS_KEY = "AIzaSyNMOr3L3TX1RdSBd_8TGEGc_SrHr17I8Op"
        AZURE_STORAGE_CONNECTION_STRING = "DefaultEndpointsProtocol=https;AccountName=rotaarsiv;AccountKey=8xbj1AhmtxGUTMXHqeTFqD6nmQP+hsETahpbtwQBmig3S2UbynDG92psVys1DhGZHOXu9yIDhfcu0ZCVwMsAXy==;EndpointSuffix=core.windows.net"
        APPLICATIONINSIGHTS_ROLE = "rota-key-planner"
      }
    }
  }
}
