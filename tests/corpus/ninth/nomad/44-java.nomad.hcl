job "orders" {
  group "orders" {
    task "orders" {
      driver = "java"
      config {
        jar_path    = "local/orders.jar"
        jvm_options = ["-Xmx1g", "-Djavax.net.ssl.keyStore=/secrets/orders.p12", "-Djavax.net.ssl.keyStorePassword=Lieferschein12"]
      }
      artifact {
        source      = "https://nexus.example.net/repository/releases/orders-3.4.jar"
        destination = "local/orders.jar"
        mode        = "file"
        options {
          checksum = "sha256:3e734f868a60d5d111faf71e12bd2d759e008a40ed83d18243b343d53b809f72"
        }
        headers {
          Authorization = "Basic cmVhZGVyOlBha2V0d2FnZW43"
        }
      }
      env {
        SPRING_DATASOURCE_URL      = "jdbc:postgresql://pg.service.consul/orders?user=orders&password=Bestellnummer_6&ssl=true"
        SPRING_CONFIG_LOCATION     = "local/application.yml"
        JWT_PUBLIC_KEY_LOCATION    = "classpath:keys/public.pem"
      }
      template {
        destination = "local/application.yml"
        data        = <<YAML
spring:
  security:
    user:
      name: actuator
      password: "Drehkreuz-Nord"
    oauth2:
      client:
        registration:
          idp:
            client-id: orders-web
            client-secret: Y1mNpCbew8ndWdSTRLYwel54l0pl6Ddg
            client-authentication-method: client_secret_basic
            authorization-grant-type: authorization_code
  data:
    redis:
      password: $${REDIS_PASSWORD:Ablage-rot}
jwt:
  secret: RkaXHUYnkuMNd0lcSW334jEVTR8yRLyBEthVSjW8CrHEuKpBEeIkSnUoMXfz896V
  token-validity: PT30M
  header: Authorization
jasypt:
  encryptor:
    password: "$${JASYPT_PASSWORD}"
partner:
  api-key: ENC(wJNl+PMTnySHeb5RQv5mqlXLgXrak1JUs3Cfasjwypj=)
YAML
      }
    }
  }
}
