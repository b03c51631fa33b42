job "orderbook" {
  group "app" {
    task "app" {
      driver = "java"

      config {
        jar_path    = "local/orderbook.jar"
        jvm_options = ["-Xmx512m", "-Djavax.net.ssl.trustStorePassword=changeit", "-Djavax.net.ssl.keyStore=/secrets/app.p12"]
        args        = ["--spring.config.location=/local/application.properties", "--server.ssl.key-store-password=Ledger=Spine4"]
      }

      template {
        destination = "local/application.properties"
        data        = <<EOF
spring.datasource.url=jdbc:postgresql://db.orderbook.example:5432/orders
spring.datasource.username=orders
spring.datasource.password=Tally-Stick-86
spring.datasource.hikari.maximum-pool-size=10
spring.rabbitmq.password: hopper Belt 14
spring.security.oauth2.client.registration.sso.client-id=orderbook-web
spring.security.oauth2.client.registration.sso.client-secret = mrW07AeKhexwGsPlchWIUn9KndDx9i4vxVRthptP
spring.security.oauth2.client.provider.sso.token-uri=https://sso.orderbook.example/token
spring.mail.password=$${MAIL_PASSWORD}
jwt.secret=wK0P3rVzAurpY7YMlE4SJ/xGjSdEmje7p7XiVFQ9NiJic4KpsSTEPK3OolJVlH1t
jwt.token-validity-seconds=3600
# spring.redis.password=abacusBead5
server.ssl.key-alias=orderbook
EOF
      }
    }
  }
}
