job "rating" {
  datacenters = ["dc1"]
  group "svc" {
    task "rating" {
      driver = "java"
      config {
        jar_path    = "local/rating.jar"
        jvm_options = ["-Xmx1g", "-Dspring.datasource.password=ft6pd8f0B73TDYTVW", "-Djasypt.encryptor.password=indigo-cobalt-quarry-onyx", "-Djava.security.egd=file:/dev/./urandom"]
        args        = ["--server.ssl.key-store-password=birch7305", "--spring.security.user.password=${SEC_PW}"]
      }
      template {
        destination = "local/application.yml"
        data        = <<-EOT
          spring:
            datasource:
              url: jdbc:mysql://db:3306/rating?useSSL=false
              username: rating
              password: $${DB_PASSWORD:Harbor_Slate_41}
            rabbitmq:
              password: ENC(UI22yJB7rq4ushfjzvXd6xw39IKcaOA4jk7lTrjSKys=)
            kafka:
              properties:
                sasl.jaas.config: org.apache.kafka.common.security.scram.ScramLoginModule required username="rating" password="0ee_D2ay?DFjaeWKIMVq";
            ldap:
              urls: ldaps://dc01.corp.example.net
              password: Cobalt2024#
            security:
              oauth2:
                client:
                  registration:
                    entra: { client-id: 29f92e33-0660-44a9-8b13-0ea2360aefab, client-secret: 'X1c8Q~1tRg7f98zwPzHdxiw22G64dGomK4erAd0c' }
          jwt:
            base64-secret: ekIGw/7QBXIZY8qp25XdbTUnNNhU0qhbABzpfOpwPJZ3YCdI+tczcFBMxq863TEgUSJmhnQ0/wKv/CPbQNwcyg==
            token-validity-in-seconds: 86400
          management:
            endpoint.env.keys-to-sanitize: password,secret,key,token,.*credentials.*
        EOT
      }
      template {
        destination = "local/legacy.properties"
        data        = <<EOT
# db.password=<set in vault>
db.url=jdbc:sqlserver://mssql.example.net:1433;databaseName=rating;user=rating;password=rGLU189lwkv,nu6;encrypt=true
mail.smtp.password = p\:d9mG5\=hyOw
keystore.path=/etc/rating/keystore.p12
keystore.type=PKCS12
keystore.key.alias=rating-signing
key.password : oak6605
aes.key.size=256
password.encoder=bcrypt
sms.api.secret={{ key "rating/sms" }}
EOT
      }
      template {
        destination = "local/logback.xml"
        data        = <<EOT
<configuration>
  <appender name="MAIL" class="ch.qos.logback.classic.net.SMTPAppender">
    <username>alerts@example.net</username>
    <password>iy29AdwgZRJggOPe</password>
    <pattern>%replace(%msg){'password=\S+','password=***'}%n</pattern>
  </appender>
  <Resource name="jdbc/x" username="x" password='lantern7429' maxTotal="20"/>
</configuration>
EOT
      }
    }
  }
}
