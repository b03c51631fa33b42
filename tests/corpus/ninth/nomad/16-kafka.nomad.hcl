job "kafka-connect" {
  group "connect" {
    task "connect" {
      driver = "docker"
      config {
        image = "confluentinc/cp-kafka-connect:7.7.1"
      }
      env {
        CONNECT_BOOTSTRAP_SERVERS          = "kafka.service.consul:9093"
        CONNECT_CONFIG_STORAGE_TOPIC       = "_connect-configs"
        CONNECT_SASL_MECHANISM             = "SCRAM-SHA-512"
        CONNECT_SECURITY_PROTOCOL          = "SASL_SSL"
        CONNECT_SASL_JAAS_CONFIG           = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"connect\" password=\"Oderbruch-Wind-3\";"
        CONNECT_SSL_TRUSTSTORE_PASSWORD    = "changeit"
        CONNECT_KEY_CONVERTER              = "org.apache.kafka.connect.storage.StringConverter"
        CONNECT_CONFIG_PROVIDERS           = "file"
      }
      template {
        destination = "secrets/client.properties"
        data        = <<EOF
security.protocol=SASL_SSL
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
  username="admin" \
  password="qL7-vorne-Xd2";
ssl.keystore.location=/secrets/client.jks
ssl.keystore.password=JKS.laden.88
ssl.key.password=JKS.laden.88
ssl.endpoint.identification.algorithm=https
sasl.login.refresh.window.factor=0.8
key.serializer=org.apache.kafka.common.serialization.StringSerializer
database.password=$${file:/secrets/db.properties:password}
EOF
      }
    }
  }
}
