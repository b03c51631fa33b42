job "quill-kafka" {
  datacenters = ["fra1"]

  group "broker" {
    count = 3

    task "kafka" {
      driver = "docker"
      config {
        image = "apache/kafka:3.8.1"
      }

      env {
        KAFKA_NODE_ID                       = "${NOMAD_ALLOC_INDEX}"
        CLUSTER_ID                          = "JoTXiZggPMV8iSbDp5FzJ0"
        KAFKA_SSL_KEYSTORE_LOCATION         = "/secrets/kafka.keystore.jks"
        KAFKA_SSL_KEYSTORE_PASSWORD         = "5tVKgcs4MaZJQTWq"
        KAFKA_SSL_KEY_PASSWORD              = "5tVKgcs4MaZJQTWq"
        KAFKA_SSL_TRUSTSTORE_PASSWORD       = "changeit"
        KAFKA_SASL_ENABLED_MECHANISMS       = "SCRAM-SHA-512"
        KAFKA_DELEGATION_TOKEN_MAX_LIFETIME_MS = "604800000"
      }

      template {
        destination = "secrets/server.properties"
        data        = <<EOF
process.roles=broker,controller
listener.name.internal.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
  username="broker" \
  password="Zug-nach-Nirgendwo9";
listener.name.client.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_etl="etl4ever" user_dash="VPtHX5LftIbMr0VtY7KGAvcW";
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
delegation.token.secret.key=ccvstYpcQkF2NRiVPvFY3dRvDjfos6PJBnDO0c96
ssl.key.password=$${file:/secrets/ssl.properties:key.password}
ssl.client.auth=required
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:broker;User:admin
log.cleanup.policy=compact
EOF
      }
    }

    task "create-users" {
      driver = "docker"
      lifecycle {
        hook = "poststart"
      }
      config {
        image   = "apache/kafka:3.8.1"
        command = "/bin/sh"
        args = [
          "-c",
          <<-EOT
          /opt/kafka/bin/kafka-configs.sh --bootstrap-server 127.0.0.1:9092 --alter \
            --add-config 'SCRAM-SHA-512=[iterations=8192,password=Wald&Wiese]' --entity-type users --entity-name connect
          /opt/kafka/bin/kafka-configs.sh --bootstrap-server 127.0.0.1:9092 --alter \
            --add-config 'SCRAM-SHA-512=[password=$MIRROR_PASSWORD]' --entity-type users --entity-name mirror
          EOT
        ]
      }
    }

    task "registry" {
      driver = "docker"
      config {
        image = "confluentinc/cp-schema-registry:7.7.1"
      }
      env {
        SCHEMA_REGISTRY_AUTHENTICATION_METHOD = "BASIC"
        SCHEMA_REGISTRY_KAFKASTORE_SASL_JAAS_CONFIG = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"registry\" password=\"Schema!Schelm\";"
        BASIC_AUTH_CREDENTIALS_SOURCE         = "USER_INFO"
        SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO  = "sr-connect:0XVGnRhAEI5gKEae8t"
      }
    }

    task "connect-sync" {
      driver = "exec"
      template {
        destination = "local/orders-sink.json"
        data        = <<EOF
{
  "name": "orders-sink",
  "config": {
    "connector.class": "io.confluent.connect.jdbc.JdbcSinkConnector",
    "connection.url": "jdbc:clickhouse://ch.service.fra.consul:8123/raw",
    "connection.user": "sink",
    "connection.password": "Rost\\Rot\"77",
    "pk.mode": "record_key",
    "pk.fields": "order_id",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "transforms.mask.fields": "password,iban",
    "value.converter.basic.auth.user.info": "connect:82x4rcMNgTMTxQEHAj",
    "confluent.license": ""
  }
}
EOF
      }
      config {
        command = "/usr/bin/curl"
        args    = ["-fsS", "-X", "PUT", "-u", "connect-admin:Murmeltier31", "-H", "Content-Type: application/json", "-d", "@local/orders-sink.json", "http://127.0.0.1:8083/connectors/orders-sink/config"]
      }
    }
  }
}
