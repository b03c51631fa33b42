job "clickhouse" {
  group "ch" {
    task "server" {
      driver = "docker"
      config {
        image = "clickhouse/clickhouse-server:24.8"
        volumes = [
          "local/users.xml:/etc/clickhouse-server/users.d/users.xml",
          "local/storage.xml:/etc/clickhouse-server/config.d/storage.xml",
        ]
      }
      template {
        destination = "local/users.xml"
        data        = <<XML
<clickhouse>
  <users>
    <default>
      <password_sha256_hex>0504674a13f81c58e21bcd96be0eefdedca51774c2aa2c4fdf35bbe0ba48aea4</password_sha256_hex>
      <networks><ip>10.0.0.0/8</ip></networks>
    </default>
    <grafana>
      <password>Diagramm-Tabelle</password>
      <profile>readonly</profile>
    </grafana>
    <ingest>
      <password from_env="INGEST_PASSWORD"/>
    </ingest>
    <backup>
      <no_password/>
      <networks><ip>127.0.0.1</ip></networks>
    </backup>
  </users>
</clickhouse>
XML
      }
      template {
        destination = "local/storage.xml"
        data        = <<XML
<clickhouse>
  <interserver_http_credentials>
    <user>replica</user>
    <password>9lFBjHX38I4DPOL5ZH02TTiMuOcv</password>
  </interserver_http_credentials>
  <storage_configuration><disks><s3>
    <type>s3</type>
    <endpoint>https://s3.example.net/ch/data/</endpoint>
    <access_key_id>0LAG6XGPX2C8HN67MYX0</access_key_id>
    <secret_access_key>XrsXLgm7NnUfYYvhwmlyRmM2ZV18d5yymTTBecgs</secret_access_key>
  </s3></disks></storage_configuration>
  <query_masking_rules><rule>
    <name>hide tokens</name>
    <regexp>token=[0-9a-f]{32}</regexp>
    <replace>token=******</replace>
  </rule></query_masking_rules>
  <openSSL><server>
    <privateKeyFile>/etc/clickhouse-server/server.key</privateKeyFile>
  </server></openSSL>
</clickhouse>
XML
      }
    }
  }
}
