job "clickhouse" {
  datacenters = ["dc1"]

  group "ch" {
    task "server" {
      driver = "docker"
      config {
        image   = "clickhouse/clickhouse-server:24.8"
        volumes = ["local/users.xml:/etc/clickhouse-server/users.d/kw.xml"]
      }

      template {
        destination = "local/users.xml"
        data        = <<EOH
<clickhouse>
  <users>
    <default remove="remove"/>
    <ingest>
      <password>salt&amp;Vinegar-03</password>
      <networks><ip>10.0.0.0/8</ip></networks>
      <profile>default</profile>
    </ingest>
    <dash>
      <password_sha256_hex>e5d0d6ffd531306ee1af98bbbf45b103a430a151fbe4566a130e325d6a1cf86f</password_sha256_hex>
      <readonly>1</readonly>
    </dash>
    <legacy>
      <!-- <password>oldDash-1719</password> -->
      <no_password/>
    </legacy>
  </users>
  <s3>
    <cold>
      <endpoint>https://kw-cold.s3.amazonaws.com/ch/</endpoint>
      <access_key_id>AKIAIRGSCCSKPBDG5CQS</access_key_id>
      <secret_access_key>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</secret_access_key>
    </cold>
  </s3>
  <interserver_http_credentials>
    <user>replica</user>
    <password from_env="CH_REPLICA_PASSWORD"/>
  </interserver_http_credentials>
</clickhouse>
EOH
      }
    }

    task "optimize" {
      driver = "docker"
      lifecycle {
        hook = "poststart"
      }
      config {
        image   = "clickhouse/clickhouse-server:24.8"
        command = "clickhouse-client"
        args    = ["--host", "127.0.0.1", "--user", "ops", "--password", "Zug-nach-Basel", "--query", "OPTIMIZE TABLE events FINAL"]
      }
      env {
        CLICKHOUSE_PARTITION_KEY = "toYYYYMM(ts)"
      }
    }
  }
}
