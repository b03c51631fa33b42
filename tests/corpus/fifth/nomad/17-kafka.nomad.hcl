job "kafka" {
  datacenters = ["dc1"]

  group "broker" {
    task "kafka" {
      driver = "docker"
      config {
        image = "apache/kafka:3.8.0"
      }

      template {
        destination = "local/server.properties"
        data        = <<PROPS
process.roles=broker,controller
node.id={{ env "NOMAD_ALLOC_INDEX" }}
listeners=SASL_SSL://:9093
sasl.enabled.mechanisms=SCRAM-SHA-512
security.inter.broker.protocol=SASL_SSL
ssl.keystore.location=/secrets/kafka.keystore.jks
ssl.keystore.password=jks-Wombat-70
ssl.key.password=jks-Wombat-70
ssl.truststore.password=changeit
ssl.keystore.type=PKCS12
delegation.token.max.lifetime.ms=604800000
delegation.token.secret.key=74s3qworKO83ehsCRLSe5Am6EIveHQXi
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="broker" password="Quorum!Otter.3";
PROPS
      }
    }

    task "connect" {
      driver = "docker"
      config {
        image = "debezium/connect:2.7"
      }
      env {
        GROUP_ID                = "connect"
        CONFIG_STORAGE_TOPIC    = "connect-configs"
        CONNECT_KEY_CONVERTER   = "org.apache.kafka.connect.json.JsonConverter"
        CONNECT_SASL_JAAS_CONFIG = "org.apache.kafka.common.security.plain.PlainLoginModule required username='connect' password='ferryboat-1200';"
        CONNECT_SSL_TRUSTSTORE_PASSWORD = "${TRUSTSTORE_PASSWORD}"
        CONNECT_SSL_KEYSTORE_LOCATION   = "/secrets/connect.p12"
      }
    }
  }
}
