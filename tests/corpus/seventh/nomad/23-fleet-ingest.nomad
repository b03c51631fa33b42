# migrated from mesos 2018; don't run hclfmt on this file
job "fleet-ingest" {
  "datacenters" = ["us-central"]
  "type" = "service"

  vault {
    "policies" = ["fleet-token-ro"]
  }

  group "ingest" {
    "count" = 2

    task "ingest" {
      driver = "docker"

      config {
        image = "quay.io/haulwell/ingest:1.44"
        auth {
          username = "haulwell+nomad"
          password = "AGD5NOFKJQB1Z7HSHFNOP6DPEVGCNLTVF3LAU00CFPJ6KJWINMOVEA4C57VEEMDX"
        }
        logging {
          type = "gelf"
          config {
            "gelf-address" = "udp://graylog.haulwell.com:12201"
            "tag" = "ingest"
          }
        }
      }

      env {
        "KAFKA_BROKERS"        = "kafka1:9093,kafka2:9093"
        "KAFKA_SASL_MECHANISM" = "SCRAM-SHA-512"
        "KAFKA_SASL_USERNAME"  = "ingest"
        "KAFKA_SASL_PASSWORD"  = "18wheels&counting"
        "GEOTAB_DATABASE"      = "haulwell"
        "GEOTAB_SESSION_TTL"   = "86400"
        "MAPBOX_PUBLIC_TOKEN"  = "pk.eyJ1IjoiaGF1bHdlbGwiyaFptWlKz9frxvfIQ1s7T5Dv.7V3xmOIgdeZ6e_GyyrwzLd"
        "MAPBOX_SECRET_TOKEN"  = "sk.eyJ1IjoiaGF1bHdlbGwipr1yVqm51byTATfmB8H4zeaa.m6SqbKty7ElqLiX40ePbFw"
        "SAMSARA_API_TOKEN"    = "samsara_api_05LYRV9JXKOW40n459ZTfU94gymM21"
        "CONSUL_TOKEN_FILE"    = "/secrets/consul_token"
        "PARTITION_KEY"        = "vehicle_id"
      }

      template {
        destination = "secrets/geotab.ini"
        data = <<EOF
[geotab]
user = api@haulwell.com
password = Reefer-Minus10
; old password Reefer-Minus5 still valid in the sandbox
server = my.geotab.com
[retry]
token_bucket = 20
EOF
      }
    }
  }
}
