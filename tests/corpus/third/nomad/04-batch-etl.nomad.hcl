job "etl" {
  type = "batch"
  parameterized {
    meta_required = ["day"]
  }
  group "etl" {
    task "extract" {
      driver = "docker"
      config {
        image   = "registry.example.net/etl:77"
        command = "/usr/bin/sqoop"
        args = [
          "import",
          "--connect", "jdbc:mysql://erp.example.net/erp",
          "--username", "sqoop",
          "--password", "Zw9!kd02",
          "--password-alias", "erp.alias",
          "--split-by", "key_id",
          "--target-dir=/lake/${NOMAD_META_day}",
        ]
      }
      env {
        SNOWFLAKE_PASSWORD    = "Avalanche#5"
        SNOWFLAKE_ACCOUNT     = "ab12345.eu-central-1"
        DATABRICKS_TOKEN      = "dapi81922f954705dba8c739cdb28a031c86"
        AZURE_STORAGE_CONNECTION_STRING = "DefaultEndpointsProtocol=https;AccountName=lake;AccountKey=HfHloZ0mZ68N3wP/5qDnRBJ7KvZDajpoqy3MvY7CJgF8z1C50G1Bn22rdTjUEcPyfEON2zLDJEfca/UjDSepeA==;EndpointSuffix=core.windows.net"
        AIRBYTE_WORKSPACE_ID  = "9b330546-04ee-45e3-b775-da4cb5516415"
        PARTITION_KEY         = "day"
        SLACK_BOT_TOKEN       = "xoxb-760686357190-5155343070495-OrCyGExTFpX1F5D3iKeG6n0g"
        SLACK_CHANNEL_ID      = "C0C8SGRJ0J3"
        MAX_TOKENS_PER_ROW    = "2048"
      }
    }
    task "notify" {
      driver = "exec"
      config {
        command = "/bin/bash"
        args    = ["-c", "curl -s -X POST -H 'Authorization: Bearer xoxp-871060664115-661385494004-8a1f681b6ea0134a05845559811d4347' --data channel=ops https://slack.com/api/chat.postMessage; aws s3 cp out.csv s3://lake/ --sse-c-key fileb:///secrets/sse.key"]
      }
    }
  }
}
