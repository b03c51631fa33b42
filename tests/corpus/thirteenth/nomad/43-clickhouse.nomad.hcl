job "olap" {
  group "ch" {
    task "clickhouse" {
      driver = "docker"
      config {
        image = "clickhouse/clickhouse-server:24.8"
      }
      template {
        destination = "local/users.d/users.xml"
        data        = <<XML
<clickhouse>
  <users>
    <default>
      <password_sha256_hex>b06628bdd51a1ce61052901cb5af07977cf8c836dd63760f0ffca498d8ce3145</password_sha256_hex>
      <networks><ip>::1</ip></networks>
    </default>
    <!-- <old><password>Messwert7</password></old> -->
    <etl>
      <password>T&lt;min&gt;Pumpe</password>
      <profile>default</profile>
      <quota_key>etl</quota_key>
    </etl>
    <ro>
      <password from_env="CH_RO_PASSWORD"/>
    </ro>
  </users>
  <interserver_http_credentials>
    <user>interserver</user>
    <password>RJ6c7RZxpDmpxqmjltp2UtWZ</password>
  </interserver_http_credentials>
  <openSSL><server><privateKeyFile>/secrets/server.key</privateKeyFile></server></openSSL>
</clickhouse>
XML
      }
    }
    task "loader" {
      driver = "exec"
      config {
        command = "/bin/sh"
        args    = ["-c", "clickhouse-client --user etl --password 'T<min>Pumpe' --query 'INSERT INTO m FORMAT CSV' < /alloc/m.csv"]
      }
      env {
        CASSANDRA_AUTH_PROVIDER = "PlainTextAuthProvider"
        CASSANDRA_PASSWORD      = "cassandra"
        PARTITION_KEY           = "sensor_id"
      }
    }
  }
}
