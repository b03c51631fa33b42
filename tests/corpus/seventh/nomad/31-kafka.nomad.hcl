job "kafka" {
  datacenters = ["sto"]

  group "broker" {
    task "kafka" {
      driver = "docker"
      config {
        image   = "bitnami/kafka:3.7"
        volumes = ["secrets/server.properties:/bitnami/kafka/config/server.properties"]
      }

      env {
        KAFKA_OPTS               = "-Djava.security.auth.login.config=/secrets/jaas.conf"
        KAFKA_CFG_NODE_ID        = "${NOMAD_ALLOC_INDEX}"
        KAFKA_KRAFT_CLUSTER_ID   = "A4LI1So6Vbr0fZdU0t3mnU"
        KAFKA_CLIENT_USERS       = "orders,billing"
        KAFKA_CLIENT_PASSWORDS   = "lax&dill2,kanelbulle-9"
        KAFKA_INTER_BROKER_PASSWORD = "oNcFJMlUHgSLae1cxlfe8R"
      }

      template {
        destination = "secrets/server.properties"
        data        = <<EOF
listeners=SASL_SSL://:9093,CONTROLLER://:9094
sasl.enabled.mechanisms=SCRAM-SHA-512
ssl.keystore.location=/secrets/kafka.keystore.jks
ssl.keystore.password=smorgasbord
ssl.key.password=smorgasbord
ssl.truststore.password=$${env:SSL_TRUSTSTORE_PASSWORD}
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="broker" password="N0rrsken\\Kallt";
password.encoder.secret=ehMelgJgKOEWsY9EZGWubVWts1ZpJd31
password.encoder.cipher.algorithm=AES/CBC/PKCS5Padding
delegation.token.expiry.time.ms=86400000
log.retention.hours=168
EOF
      }

      template {
        destination = "secrets/jaas.conf"
        data        = <<EOF
KafkaServer {
  org.apache.kafka.common.security.plain.PlainLoginModule required
  username="admin"
  password="Dalahast_Rod"
  user_admin="Dalahast_Rod"
  user_mirror="speglar-2";
};
Client {
  com.sun.security.auth.module.Krb5LoginModule required
  useKeyTab=true
  keyTab="/secrets/kafka.keytab"
  storeKey=true;
};
EOF
      }
    }

    task "topics" {
      driver = "docker"
      lifecycle {
        hook = "poststart"
      }
      config {
        image   = "edenhill/kcat:1.7.1"
        command = "kcat"
        args    = ["-b", "localhost:9093", "-X", "security.protocol=SASL_SSL", "-X", "sasl.username=orders", "-X", "sasl.password=lax&dill2", "-L"]
      }
    }
  }
}
