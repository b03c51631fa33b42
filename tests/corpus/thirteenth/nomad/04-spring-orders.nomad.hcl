job "orders" {
  type = "service"

  group "api" {
    count = 3
    task "orders" {
      driver = "java"

      artifact {
        source      = "https://nexus.mercato.example/repository/releases/orders/4.12.0/orders-4.12.0.jar"
        destination = "local/"
        options {
          checksum = "sha256:544539a2e43326a96fad48df790a5627278bd0bfa3c5670424a222e4d4078543"
        }
      }

      config {
        jar_path    = "local/orders-4.12.0.jar"
        jvm_options = ["-Xms512m", "-Xmx1g", "-Djasypt.encryptor.password=Olivenhain%Sued"]
        args        = ["--spring.config.additional-location=secrets/", "--server.ssl.key-store=secrets/orders.p12"]
      }

      template {
        destination = "secrets/application.yml"
        data        = <<EOH
spring:
  application:
    name: orders
  datasource:
    url: jdbc:postgresql://pg.service.consul:5432/orders?ssl=true
    username: orders_rw
    password: "Zwölf\"Kisten\\8"
    hikari:
      maximum-pool-size: 12
  data:
    redis:
      url: redis://default:H7XgnYCl9syYXPIYLcxb@redis.service.consul:6379/2
  kafka:
    bootstrap-servers: kafka-1.mercato.example:9093
    properties:
      security.protocol: SASL_SSL
      sasl.mechanism: SCRAM-SHA-512
      sasl.jaas.config: >-
        org.apache.kafka.common.security.scram.ScramLoginModule required
        username="orders" password="qudfSHA4ZgG53mC7l5JKDf";
  security:
    oauth2:
      client:
        registration:
          idp:
            client-id: orders-backend
            client-secret: NQ_i6u9fYEHMvQL9DtWHpSLxI7Ul6u5q
            authorization-grant-type: client_credentials
        provider:
          idp:
            token-uri: https://login.mercato.example/oauth2/token
      resourceserver:
        jwt:
          jwk-set-uri: https://login.mercato.example/oauth2/jwks
server:
  ssl:
    key-store-password: $${KEYSTORE_PASSWORD}
    key-alias: orders
management:
  endpoint:
    env:
      show-values: never
EOH
      }
    }
  }
}
