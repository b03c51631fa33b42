job "billing-svc" {
  datacenters = ["use1"]
  namespace   = "finance"

  vault {
    policies = ["billing-secrets-read"]
  }

  group "billing" {
    task "billing" {
      driver = "java"

      artifact {
        source      = "https://nexus.harborlane.com/repository/releases/billing/5.2.0/billing-5.2.0.jar"
        destination = "local/"
        options {
          checksum = "sha256:c4fd32f640d0032634f087e51b429fe8110102c995f1abef543b5dfce8a981a0"
        }
      }

      config {
        jar_path    = "local/billing-5.2.0.jar"
        jvm_options = [
          "-Xmx1024m",
          "-Djavax.net.ssl.trustStore=/secrets/trust.jks",
          "-Djavax.net.ssl.trustStorePassword=changeit",
          "-Djavax.net.ssl.keyStorePassword=Gangway7Plank",
          "-Dcom.sun.management.jmxremote.password.file=/secrets/jmx.password",
          "-Djasypt.encryptor.password=anchorage-Quill-3",
        ]
        args = ["--spring.config.additional-location=file:/secrets/"]
      }

      template {
        destination = "secrets/application.properties"
        data        = <<EOT
spring.datasource.url=jdbc:mysql://db.harborlane.com:3306/billing?user=billing&password=Buoy-and-Bell-6&useSSL=true
spring.datasource.hikari.pool-name=billing-pool
spring.second-datasource.username=audit
spring.second-datasource.password=t\u00eate\=noire9
spring.mail.password={{ with secret "kv/data/billing/mail" }}{{ .Data.data.password }}{{ end }}
spring.rabbitmq.addresses=amqps://billing:jt1pyyyo2sauqr1kcs@mq1.harborlane.com:5671,amqps://billing:Kelp4Forest@mq2.harborlane.com:5671
spring.security.user.name=actuator
spring.security.user.password={noop}metrics-only-55
legacy.report.password=ENC(SSj/sK+wZdnHy7agBx6LtIdyhp9ZYbYLXlutzTfF/vNv)
server.ssl.key-store-type=PKCS12
server.ssl.key-alias=billing-tls
server.servlet.session.cookie.name=HLSESSIONTOKEN
app.password-reset.token-validity=PT30M
app.adyen.api-key=AQEodyFJUmBWRhmBGCN33kflkNQ7xRbG8cxl0m9IQ1CVMLYFBDCjX3tdf8265E3-yPLgodLyX5UvecWEgtHDGh9HMSoAZm4N8pvgxPv9
app.adyen.hmac-key=C5E740E61572B4E3C02EAA7F3B4A715E4E48DD74089A58F3AEF3416F9386BD87
app.adyen.merchant-account=HarborLaneCOM
EOT
      }
    }
  }
}
