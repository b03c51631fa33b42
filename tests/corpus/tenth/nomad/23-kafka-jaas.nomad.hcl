job "kafka-connect" {
  group "connect" {
    task "connect" {
      driver = "docker"

      config {
        image = "registry.example.net/kafka-connect:7.6"
      }

      env {
        CONNECT_BOOTSTRAP_SERVERS = "kafka.service.consul:9093"
        CONNECT_SASL_JAAS_CONFIG  = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"connect\" password=\"Pipit-Crane-65\";"
        CONNECT_SSL_KEYSTORE_LOCATION   = "/secrets/kafka.keystore.p12"
        CONNECT_SSL_KEYSTORE_PASSWORD   = "chalk7stile"
        CONNECT_SSL_KEY_PASSWORD        = "chalk7stile"
        CONNECT_KEY_CONVERTER           = "org.apache.kafka.connect.storage.StringConverter"
        CONNECT_KEY_CONVERTER_SCHEMAS_ENABLE = "false"
        CONNECT_OFFSET_STORAGE_TOPIC    = "connect-offsets"
        KAFKA_OPTS                      = "-Djava.security.auth.login.config=/local/jaas.conf"
      }

      template {
        destination = "local/jaas.conf"
        data        = <<EOF
KafkaServer {
  org.apache.kafka.common.security.plain.PlainLoginModule required
  username="broker"
  password="Gimlet_Fern_9"
  user_broker="Gimlet_Fern_9"
  user_reader="TyMM09jVPiZm1q4Nwwcp";
};
Client {
  com.sun.security.auth.module.Krb5LoginModule required
  useKeyTab=true
  storeKey=true
  keyTab="/secrets/zk.keytab";
};
EOF
      }
    }
  }
}
