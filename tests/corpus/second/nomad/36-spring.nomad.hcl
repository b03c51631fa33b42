job "ledger-api" {
  group "api" {
    task "api" {
      driver = "docker"
      config {
        image = "registry.example.net/ledger-api:4.2.0"
        args  = ["--spring.config.additional-location=/secrets/", "--server.ssl.key-store-password=k3ystore·pw", "--management.endpoint.env.show-values=never"]
      }
      template {
        destination = "secrets/application.yml"
        data        = <<EOH
spring:
  datasource:
    url: jdbc:mysql://db.example.net:3306/ledger?useSSL=true
    username: ledger
    password: 9.81 m/s2
    hikari.connection-init-sql: SET NAMES utf8mb4
  data.redis.password: $${REDIS_PASSWORD:spring-chicken}
  mail:
    password: ENC(tgS4GFvM3kTvYuV8wt3QNmb/6SlEHBTJ4wZIA4t3uq8=)
  security:
    user: { name: actuator, password: "{noop}acid.base.salt" }
    oauth2.client.registration.github:
      client-id: Ov23lilQ6DVsNYjQbErc
      client-secret: e783ee12f9a795efe07788754c9fe2b48232a16c
  cloud.config:
    password: '{cipher}839366a1534f536ae1099266b5adb9df9d931d5f150d155b41fb02b6a8020119'
jwt:
  header: Authorization
  secret: +Uhp5KhAOqDppcuQMTnDcBL79JWwiVRgaqP4hxa+3RtntMe35rryJbX4yuey1b68NhbsyeEQFfrVLyCnos1LCQ==
  token-validity-in-seconds: 86400
logging.pattern.console: "%d %msg password=%X{pw}%n"
EOH
      }
      template {
        destination = "secrets/jasypt.properties"
        data        = "jasypt.encryptor.password=⁂asterism\njasypt.encryptor.algorithm=PBEWithMD5AndDES\n"
      }
    }
  }
}
