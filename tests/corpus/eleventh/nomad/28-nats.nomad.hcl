job "nats" {
  group "nats" {
    task "nats" {
      driver = "docker"
      config {
        image = "nats:2.10-alpine"
        args  = ["-c", "/local/nats.conf", "--name", "${node.unique.name}"]
      }
      template {
        destination = "local/nats.conf"
        data        = <<EOF
port: 4222
authorization {
  timeout: 2
  token: "STXwbfv5ujLW9JgfhVnKYcFHBUlwt2"
}
accounts {
  APP {
    users: [
      { user: orders, password: "$2a$11$b18sgJE077TwrkTBRUVTajJ3.X3H4Srt2iM6.0nWgpDc8qi9S2bY2" }
      { user: mailer, password: brieftaube3 }
      { nkey: UO3WR56LPVXQ337QQY4ZZ3J3OJMFWHADRBL7G5BKUADZU67PGCP6XX6H }
    ]
  }
  SYS { users: [ { user: sys, password: $SYS_PASSWORD } ] }
}
system_account: SYS
cluster {
  name: lab
  authorization { user: route, password: ddf765ff8712715ac370 }
  routes = [
    nats-route://route:ddf765ff8712715ac370@10.2.0.11:6222
  ]
}
jetstream {
  store_dir: /data
  cipher: chachapoly
  key: "s7lQw4CVPedMgoLQFvpG2CHFCiBM5Qyx"
}
tls { key_file: "/certs/server-key.pem", cert_file: "/certs/server.pem" }
EOF
      }
    }
    task "surveyor" {
      driver = "docker"
      config {
        image = "natsio/nats-surveyor:0.8"
        args  = ["-s", "nats://10.2.0.11:4222", "--count=3", "--user=sys", "--password=zugvogel-22"]
      }
      env {
        NATS_SURVEYOR_OBSERVATIONS = "/etc/nats/observations"
      }
    }
  }
}
