job "clickhouse" {
  group "ch" {
    task "server" {
      driver = "docker"
      config {
        image   = "clickhouse/clickhouse-server:24.8"
        volumes = ["secrets/users.xml:/etc/clickhouse-server/users.d/users.xml"]
      }
      template {
        destination = "secrets/users.xml"
        data        = <<EOX
<clickhouse>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip></networks>
    </default>
    <loader>
      <password>Grain&amp;Grist&lt;9</password>
      <profile>default</profile>
    </loader>
    <reader>
      <password_sha256_hex>d566cd3b342c39b3ce3ab39a00528fd9caee43fd00c206a01addd71bb80dc8fa</password_sha256_hex>
      <access_management>0</access_management>
    </reader>
  </users>
  <remote_servers>
    <main><secret>gc7U8aQtSPaYSgruVb2XR7dA</secret></main>
  </remote_servers>
  <openSSL><server><privateKeyFile>/etc/clickhouse-server/server.key</privateKeyFile></server></openSSL>
</clickhouse>
EOX
      }
      template {
        destination = "secrets/core-site.xml"
        data        = <<-EOX
          <configuration>
            <property><name>fs.s3a.access.key</name><value>AKIA5LJKZXTPZT5BGZSM</value></property>
            <property>
              <name>fs.s3a.secret.key</name>
              <value>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</value>
            </property>
            <property>
              <name>hadoop.security.credential.provider.path</name>
              <value>jceks://hdfs@nn.example.net/user/x.jceks</value>
            </property>
          </configuration>
        EOX
      }
    }
    task "client" {
      driver = "exec"
      config {
        command = "clickhouse-client"
        args    = ["--host", "127.0.0.1", "--user=loader", "--password", "Grain&Grist<9", "--query", "SELECT token FROM t LIMIT 1"]
      }
    }
  }
}
