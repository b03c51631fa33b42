job "stream" {
  group "stream" {
    task "connect" {
      driver = "java"

      config {
        jar_path    = "local/connect.jar"
        jvm_options = ["-Xmx1g", "-Djavax.net.ssl.trustStore=/secrets/trust.jks", "-Djavax.net.ssl.trustStorePassword=changeit"]
      }

      env {
        SPRING_DATASOURCE_URL      = "jdbc:mysql://my.example.org:3306/stream?user=stream&password=bQ7nVt2Lx&useSSL=true"
        SPRING_DATASOURCE_PASSWORD = "bQ7nVt2Lx"
        SPRING_SECURITY_USER_NAME  = "actuator"
      }

      template {
        destination = "local/connect.properties"
        data        = <<EOF
bootstrap.servers=kafka-1.example.org:9093,kafka-2.example.org:9093
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="connect" password="Wharf+Lamp+77";
ssl.keystore.location=/secrets/keystore.p12
ssl.keystore.password=mustard seed
ssl.key.password=mustard seed
key.converter=org.apache.kafka.connect.storage.StringConverter
key.converter.schemas.enable=false
config.providers=file
connection.password=$${file:/secrets/db.properties:password}
EOF
      }

      template {
        destination = "local/settings.xml"
        data        = <<EOF
<settings>
  <servers>
    <server>
      <id>nexus</id>
      <username>deployer</username>
      <password>Salt&amp;Pepper&lt;3</password>
    </server>
    <server>
      <id>snapshots</id>
      <username>deployer</username>
      <password>$${env.SNAPSHOT_PASSWORD}</password>
    </server>
  </servers>
</settings>
EOF
      }
    }
  }
}
