variables {
  shard_count  = 4
  root_pw      = "Thistle&Thorn88"
  root_pw_hint = "see the vault entry of the shard leads"
}

job "shards" {
  datacenters = ["fra1"]

  group "db" {
    task "router" {
      driver = "docker"
      config {
        image = "registry.brackenfall.example/db/router:2"
        args = [
          "-shard=mysql://router:p1ckAxe@shard0.bf:3306/world",
          "-shard", "router:BxmMrTzhbMMUP4Kj@tcp(shard1.bf:3306)/world?parseTime=true",
          "-shard", "mysql://router@shard2.bf:3306/world",
          "--etcd-user", "root:etc-3tc-D",
          "--cacert", "/secrets/ca.pem",
          "--auth-token", "jwt,pub-key=/secrets/jwt.pub,sign-method=RS256",
        ]
      }
      env {
        ROOT_PW       = "${var.root_pw}"
        NATS_URL      = "nats://sidqbtY37twc8z77YwRpNcDEekUTEyYC@nats.service.consul:4222"
        CASSANDRA_URI = "cassandra://chat:Minstrel_9@c1.bf,c2.bf/chat"
        AMQP_URLS     = "amqps://a:ndftu9XvQMQ7@r1.bf,amqps://a:$${AMQP_B_PASS}@r2.bf"
        ES_HOST       = "https://elastic:DMGShmb1ZicDEFz8w4eZ@es.bf:9200"
        ES_API_KEY_ID = "g9hfbRwFciclvwNr_RhV"
        PG_SERVICE    = "world-primary"
      }
      template {
        destination = "local/users.xml"
        data        = <<EOF
<clickhouse>
  <users>
    <ingest>
      <password_sha256_hex>a180c8903d8b057d90f35bc5ae09d7aeb863eb214286b3ef4d354903992d3c27</password_sha256_hex>
      <networks><ip>10.0.0.0/8</ip></networks>
      <profile>default</profile>
    </ingest>
    <analyst>
      <password><![CDATA[Owl<Bear>17]]></password>
      <quota>token_quota</quota>
    </analyst>
    <probe>
      <no_password/>
    </probe>
  </users>
  <interserver_http_credentials><user>repl</user><password from_env="REPL_PASSWORD"/></interserver_http_credentials>
</clickhouse>
EOF
      }
    }
  }
}
