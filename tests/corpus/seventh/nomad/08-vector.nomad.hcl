locals {
  retention = "14d"
}

job "vector" {
  type = "system"

  group "vector" {
    task "vector" {
      driver = "docker"

      config {
        image   = "timberio/vector:0.41.1-alpine"
        args    = ["--config", "/local/vector.yaml", "--watch-config"]
        volumes = ["/var/run/docker.sock:/var/run/docker.sock"]
      }

      env {
        VECTOR_LOG                = "info"
        VECTOR_SELF_NODE_NAME     = "${node.unique.id}"
        DD_API_KEY                = "074e3248c801bef750110c57513064d6"
        VECTOR_OPENSSL_NO_PROBE   = "false"
      }

      template {
        destination     = "local/vector.yaml"
        left_delimiter  = "[["
        right_delimiter = "]]"
        data            = <<-YAML
          data_dir: /alloc/data
          sources:
            docker:
              type: docker_logs
            nginx:
              type: file
              include: [/alloc/logs/*.stdout.*]
          transforms:
            scrub:
              type: remap
              inputs: [docker, nginx]
              source: |
                del(.password)
                del(.headers."x-api-key")
                .message = replace(string!(.message), r'token=\S+', "token=[redacted]")
          sinks:
            loki:
              type: loki
              inputs: [scrub]
              endpoint: https://logs-prod-012.grafana.net
              auth:
                strategy: basic
                user: "772213"
                password: glc_hmpgppa0nLgTEToD4uyetiAY2bv6dFvpcLOGQOpCHV5v7s82QtDRojrbry6hQSp795NF4gAK
              encoding: {codec: json}
            elastic:
              type: elasticsearch
              inputs: [scrub]
              endpoints: ["https://es.greywater.io:9200"]
              auth: {strategy: basic, user: vector, password: "k7Pelican\\shelf"}
            archive:
              type: aws_s3
              inputs: [scrub]
              bucket: gw-logs
              region: us-west-2
              auth:
                access_key_id: AKIAQPMKUMYVPY66AB3O
                secret_access_key: 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
            datadog:
              type: datadog_logs
              inputs: [scrub]
              default_api_key: "$${DD_API_KEY}"
            splunk:
              type: splunk_hec_logs
              inputs: [scrub]
              endpoint: https://hec.greywater.io:8088
              default_token: "[[ with secret "kv/data/splunk" ]][[ .Data.data.hec ]][[ end ]]"
              tls: {key_file: /secrets/client.key, key_pass: butterfly}
        YAML
      }
    }
  }
}
