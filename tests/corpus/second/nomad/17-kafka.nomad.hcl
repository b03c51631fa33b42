job "kafka" {
  group "kafka" {
    count = 3
    task "broker" {
      driver = "docker"
      config {
        image   = "apache/kafka:3.8.0"
        volumes = ["secrets/server.properties:/mnt/shared/config/server.properties"]
      }
      env {
        CLUSTER_ID = "2KJmbWwsGi3DFeKQ_FYcCo"
        KAFKA_HEAP_OPTS = "-Xmx1g"
        KAFKA_OPTS = "-Djava.security.auth.login.config=/secrets/jaas.conf -Dzookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty"
      }
      template {
        destination = "secrets/server.properties"
        data        = <<EOH
process.roles=broker,controller
node.id={{ env "NOMAD_ALLOC_INDEX" }}
listeners=SASL_SSL://:9093
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
  username="admin" \
  password="brook-over-stone" \
  user_admin="brook-over-stone" \
  user_orders="quick.silver.99";
ssl.keystore.location=/secrets/keystore.jks
ssl.keystore.password=changeit
ssl.key.password=changeit
ssl.truststore.password: tr0st store
ssl.client.auth=required
ssl.endpoint.identification.algorithm=
delegation.token.expiry.time.ms=86400000
password.encoder.secret=HLtjWtAzz7Bo6LZEB3Q3pPnPbcVuDNlz
password.encoder.iterations=4096
EOH
      }
    }
  }
}
