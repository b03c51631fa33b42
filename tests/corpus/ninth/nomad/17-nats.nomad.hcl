job "nats" {
  group "nats" {
    count = 3
    task "nats" {
      driver = "docker"
      config {
        image = "nats:2.10.21"
        args  = ["-c", "/local/nats.conf", "-m", "8222"]
      }
      template {
        destination     = "local/nats.conf"
        left_delimiter  = "[["
        right_delimiter = "]]"
        data            = <<EOF
listen: 0.0.0.0:4222
server_name: "[[ env "NOMAD_ALLOC_NAME" ]]"

authorization {
  timeout: 2
  users: [
    { user: orders, password: "$2a$11$a2awmOZRVLVKNN99dilG65Fwyy5SsJ3bipG7PvtTK0vAQjyC8AGie" }
    { user: billing, password: "Rechnung.an.Otto" }
    { nkey: UC5VK3U2TBI3ATEWYTLSIUI45KY44NFWLTBYLNNTBGUMYAFKH6CHUWYL }
    { user: web, password: "[[ with nomadVar "nomad/jobs/nats" ]][[ .web ]][[ end ]]" }
  ]
}

cluster {
  name: fra
  listen: 0.0.0.0:6222
  routes: [
    nats://route:SQV43MwngxWmeIXlBSYT9H@nats1.example.net:6222
    nats://route:SQV43MwngxWmeIXlBSYT9H@nats2.example.net:6222
  ]
}

leafnodes {
  remotes: [
    { url: "tls://hub.example.net:7422", credentials: "/secrets/hub.creds" }
  ]
}

jetstream {
  store_dir: /data
  cipher: chachapoly
  key: "ec4e07297cf84f13fa7bff75f45b5bcd3f9b428fe768203e"
}
EOF
      }
      template {
        destination = "secrets/publisher.nk"
        data        = "SUYRLCPMQCKGHDNRSEAMGQD4JV5UKLPQGHLFMEUO76LEXXOFTRLINKDRB3"
      }
    }
  }
}
