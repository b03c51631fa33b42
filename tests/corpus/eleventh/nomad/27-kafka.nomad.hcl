job "kafka" {
  group "broker" {
    task "kafka" {
      driver = "docker"
      config {
        image = "bitnami/kafka:3.8.1"
      }
      env {
        KAFKA_CFG_NODE_ID                   = "${NOMAD_ALLOC_INDEX}"
        KAFKA_KRAFT_CLUSTER_ID              = "fdpMwkfyVcDfuP3RlEVelP"
        KAFKA_CFG_SASL_ENABLED_MECHANISMS   = "PLAIN,SCRAM-SHA-512"
        KAFKA_CLIENT_USERS                  = "orders,billing"
        KAFKA_CLIENT_PASSWORDS              = "Biber-Bau-1,Biber-Bau-2"
        KAFKA_INTER_BROKER_PASSWORD         = "kcT4G87SBkZh7deL9ynFsOrR"
        KAFKA_CONTROLLER_PASSWORD           = "0MAMqFLhtLlprmynyeenJSgd"
        KAFKA_CERTIFICATE_PASSWORD          = "jks-storepass-7"
        KAFKA_TLS_TYPE                      = "JKS"
        KAFKA_CFG_SSL_KEYSTORE_LOCATION     = "/bitnami/kafka/config/certs/kafka.keystore.jks"
        KAFKA_CFG_DELEGATION_TOKEN_EXPIRY_TIME_MS = "86400000"
      }
      template {
        destination = "secrets/client.properties"
        data        = <<EOF
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="tools" password="hshNRuGl7TnRjwxN";
ssl.truststore.location=/secrets/trust.jks
ssl.truststore.password=changeit
ssl.key.password={{ with nomadVar "nomad/jobs/kafka" }}{{ .key_password }}{{ end }}
ssl.endpoint.identification.algorithm=https
EOF
      }
    }
    task "schema-registry" {
      driver = "docker"
      config {
        image = "confluentinc/cp-schema-registry:7.7.1"
      }
      env {
        SCHEMA_REGISTRY_HOST_NAME          = "schema"
        SCHEMA_REGISTRY_AUTHENTICATION_METHOD = "BASIC"
        SCHEMA_REGISTRY_KAFKASTORE_SASL_JAAS_CONFIG = "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"schema\" password=\"dammbruch9\";"
        SCHEMA_REGISTRY_KAFKASTORE_SSL_KEYSTORE_PASSWORD = "$${file:/secrets/store.properties:keystore.password}"
      }
    }
  }
}
