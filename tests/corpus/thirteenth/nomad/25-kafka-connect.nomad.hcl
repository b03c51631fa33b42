job "kafka-connect" {
  group "connect" {
    task "worker" {
      driver = "podman"

      config {
        image = "quay.io/debezium/connect:2.7"
        auth {
          username = "stream+puller"
          password = "WU56PFSVJI42ETIU6FXK4K7OL6UUKVAG3635DM3GUQRLAWNYSBZIQXUPZMSX5THU"
        }
        volumes = ["secrets/worker.properties:/kafka/config/connect.properties"]
      }

      template {
        destination = "secrets/worker.properties"
        data        = <<EOP
# worker
bootstrap.servers=b-1.msk.example:9096,b-2.msk.example:9096
group.id=connect-prod
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
  username="connect" \
  password="CmWJvzeP65YOpdAgb9vFz3loDN";
producer.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="connect" password="CmWJvzeP65YOpdAgb9vFz3loDN";
ssl.truststore.location=/secrets/truststore.jks
ssl.truststore.password=changeit
ssl.keystore.location=/secrets/keystore.jks
ssl.keystore.password=Stromschnelle-3
ssl.key.password=$${env:KEY_PASSWORD}
ssl.endpoint.identification.algorithm=https
key.converter=org.apache.kafka.connect.json.JsonConverter
key.converter.schemas.enable=false
EOP
      }

      template {
        destination = "local/orders-source.json"
        data        = <<EOJ
{
  "name": "orders-source",
  "config": {
    "connector.class": "io.debezium.connector.mysql.MySqlConnector",
    "database.hostname": "mysql-main.example",
    "database.user": "debezium",
    "database.password": "Lagune-dbz-7",
    "database.server.id": "184054",
    "message.key.columns": "shop.orders:id",
    "schema.registry.basic.auth.credentials.source": "USER_INFO",
    "schema.registry.basic.auth.user.info": "sr-client:eDP5f86LVBQKFCvTxGE+vPBnVINvqfySQa+g+idAgT4z4x6bgAko7bI/4Fml9jm/"
  }
}
EOJ
      }
    }
  }
}
