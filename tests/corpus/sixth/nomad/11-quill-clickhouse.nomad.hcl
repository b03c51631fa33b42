job "quill-clickhouse" {
  datacenters = ["fra1"]

  group "ch" {
    task "clickhouse" {
      driver = "docker"
      config {
        image = "clickhouse/clickhouse-server:24.8"
        volumes = [
          "secrets/users.xml:/etc/clickhouse-server/users.d/quill.xml:ro",
          "secrets/storage.yaml:/etc/clickhouse-server/config.d/storage.yaml:ro",
        ]
      }

      env {
        CLICKHOUSE_USER     = "loader"
        CLICKHOUSE_PASSWORD = "GKiB365NM4dqKn7ASXMofcToVZ"
        CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT = "1"
      }

      template {
        destination = "secrets/users.xml"
        data        = <<XML
<clickhouse>
  <users>
    <default>
      <password remove="1"/>
      <password_sha256_hex>c0780c18708d350050fb96baf6ce4502e80d57ba7188d91e5cd99eb0b7598075</password_sha256_hex>
    </default>
    <grafana>
      <password>gr4f4n4-liest</password>
      <networks><ip>10.40.0.0/16</ip></networks>
      <profile>readonly</profile>
    </grafana>
    <dbt>
      <password><![CDATA[Topf&Deckel]]></password>
    </dbt>
    <old_etl>
      <password_double_sha1_hex>66857f4b4d1def84583ee48b2cf86e191fa13f29</password_double_sha1_hex>
    </old_etl>
    <auditor>
      <ssh_keys>
        <ssh_key>
          <type>ssh-ed25519</type>
          <base64_key>AAAAC3NzaC1lZDI1NTE5AAAAIkXEDo4mYz2FUYzrxuiZXzBIYDT8DUUNBwN1fnMPcmlZ</base64_key>
        </ssh_key>
      </ssh_keys>
    </auditor>
    <ldap_user><ldap><server>quill_ldap</server></ldap></ldap_user>
  </users>
  <remote_servers>
    <quill>
      <secret>Klebstoff-zwischen-Shards</secret>
      <shard><replica><host>ch-1.service.fra.consul</host><port>9440</port></replica></shard>
    </quill>
  </remote_servers>
  <openSSL><server>
    <privateKeyFile>/secrets/ch.key</privateKeyFile>
    <privateKeyPassphraseHandler><name>KeyFileHandler</name></privateKeyPassphraseHandler>
  </server></openSSL>
  <interserver_http_credentials>
    <user>interserver</user>
    <password from_env="CH_INTERSERVER_PASSWORD"/>
  </interserver_http_credentials>
</clickhouse>
XML
      }

      template {
        destination = "secrets/storage.yaml"
        data        = <<YAML
storage_configuration:
  disks:
    lake:
      type: s3
      endpoint: https://quill-lake.s3.eu-central-1.amazonaws.com/ch/
      access_key_id: AKIANSK37EY7RXSBL3LE
      secret_access_key: 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
    lake_enc:
      type: encrypted
      disk: lake
      algorithm: aes_128_ctr
      key_hex: "a2b97d3f92b06bbeea79b168a548f080"
      current_key_id: 0
    archive:
      type: s3
      use_environment_credentials: true
postgres_named:
  host: pg-meta
  user: ch
  password: 'd''Schatztruhe 12'
YAML
      }

      template {
        destination = "local/ddl.sql"
        data        = <<SQL
CREATE USER IF NOT EXISTS metabase IDENTIFIED WITH sha256_password BY 'i7k2xuLM4m_cP+pm5e' HOST IP '10.40.0.0/16';
CREATE USER IF NOT EXISTS analyst IDENTIFIED WITH ldap SERVER 'quill_ldap';
CREATE NAMED COLLECTION ext_mysql AS host = 'mysql', user = 'ro', password = 'nur-lesen-bitte' NOT OVERRIDABLE;
CREATE DICTIONARY geo (ip_key UInt64, city String) PRIMARY KEY ip_key
SOURCE(CLICKHOUSE(USER 'dict' PASSWORD 'W0rterbuch' DB 'ref' TABLE 'geo')) LAYOUT(HASHED()) LIFETIME(3600);
CREATE TABLE s3_raw AS s3('https://quill-raw.s3.amazonaws.com/*.parquet', 'AKIAGDPRYUNWQCZNI6RH', 'IZqc9g4VYvhP8EfcYsLnt5+mU6tsucmEUkc3VUyr', 'Parquet');
SQL
      }
    }
  }
}
