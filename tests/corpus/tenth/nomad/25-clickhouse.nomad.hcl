job "clickhouse" {
  group "ch" {
    task "clickhouse" {
      driver = "docker"

      config {
        image   = "clickhouse/clickhouse-server:24.8"
        volumes = ["local/users.xml:/etc/clickhouse-server/users.d/team.xml"]
      }

      template {
        destination = "local/users.xml"
        data        = <<EOF
<clickhouse>
  <users>
    <loader>
      <password>Cowslip-6-Vane</password>
      <networks><ip>10.0.0.0/8</ip></networks>
    </loader>
    <grafana>
      <password_sha256_hex>c0457880ad1027ad561140db0aeab349ccf5538f74dc70359275f1af1fd60868</password_sha256_hex>
      <profile>readonly</profile>
    </grafana>
    <anna>
      <ldap><server>ldap-password-auth</server></ldap>
    </anna>
  </users>
</clickhouse>
EOF
      }
    }

    task "ingest" {
      driver = "docker"

      config {
        image = "registry.example.net/ingest:31"
      }

      env {
        CLICKHOUSE_HTTP = "http://clickhouse.service.consul:8123/?user=loader&password=Cowslip-6-Vane&database=events"
        CLICKHOUSE_TCP  = "tcp://loader:Cowslip-6-Vane@clickhouse.service.consul:9000/events"
        PRIMARY_KEY     = "tenant_id,token_id,ts"
        PARTITION_KEY   = "toYYYYMM(ts)"
        SEGMENT_ACCESS_TOKEN = "5pg2eWfO5aOFMmLl1lkeKZCAE6rZ1oRF"
      }
    }
  }
}
