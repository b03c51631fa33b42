job "kafka-connect" {
  group "connect" {
    task "worker" {
      driver = "docker"
      config {
        image   = "confluentinc/cp-kafka-connect:7.5.1"
        command = "bash"
        args    = ["-c", "keytool -importkeystore -srckeystore /certs/c.p12 -srcstorepass changeit -destkeystore /tmp/ks.jks -alias connect && /etc/confluent/docker/run"]
      }
      env {
        CONNECT_SASL_MECHANISM               = "SCRAM-SHA-512"
        CONNECT_SASL_JAAS_CONFIG             = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"connect\" password=\"JdjZ5NqT7Fk6SYb2sjKYMXRO\";"
        CONNECT_SSL_KEYSTORE_PASSWORD        = "j4va-Tr0ll"
        CONNECT_SSL_KEY_PASSWORD             = "j4va-Tr0ll"
        CONNECT_SSL_TRUSTSTORE_LOCATION      = "/certs/trust.jks"
        CONNECT_KEY_CONVERTER                = "org.apache.kafka.connect.storage.StringConverter"
        CONNECT_CONFIG_PROVIDERS             = "file"
        CONNECT_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO = "connect:Avro-schema9"
      }
      template {
        destination = "local/jdbc-source.json"
        data        = <<-JSON
          {
            "name": "ship-jdbc",
            "config": {
              "connector.class": "io.confluent.connect.jdbc.JdbcSourceConnector",
              "connection.url": "jdbc:postgresql://pg.thv.internal/ship?user=cdc&password=slinger-Klok3",
              "connection.password": "$${file:/secrets/cdc.properties:password}",
              "primary.key": "id",
              "transforms.mask.fields": "password,api_token",
              "value.converter.schema.registry.basic.auth.credentials.source": "USER_INFO"
            }
          }
        JSON
      }
    }
  }
}
