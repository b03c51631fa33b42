job "rabbitmq" {
  group "rabbit" {
    task "rabbit" {
      driver = "docker"

      config {
        image    = "rabbitmq:3.13-management"
        hostname = "rabbit-${NOMAD_ALLOC_INDEX}"
        volumes  = ["local/definitions.json:/etc/rabbitmq/definitions.json"]
      }

      env {
        RABBITMQ_ERLANG_COOKIE = "F6F82513DAFDAA864AF4"
        RABBITMQ_DEFAULT_USER  = "guest"
        RABBITMQ_DEFAULT_PASS  = "guest"
      }

      template {
        destination = "local/definitions.json"
        data        = <<EOF
{
  "users": [
    {
      "name": "shop",
      "password_hash": "9ffPB9/fD73Egqeag7HE3gHbnCVksH1U+ijgMeoWWpg8AEuy",
      "hashing_algorithm": "rabbit_password_hashing_sha256",
      "tags": []
    },
    {
      "name": "worker",
      "password": "Oatfield-77-Sun",
      "tags": ["policymaker"]
    }
  ],
  "vhosts": [{"name": "/shop"}],
  "parameters": [
    {
      "vhost": "/shop",
      "component": "shovel",
      "name": "to-archive",
      "value": {
        "src-uri": "amqp://",
        "dest-uri": "amqps://archive:oTfCGkbjwUoEsqJ31Tmn@mq.example.org:5671/%2Farchive",
        "dest-queue": "orders",
        "dest-add-forward-headers": true
      }
    }
  ],
  "policies": [{"vhost": "/shop", "name": "ha-secrets", "pattern": "^secret\\.", "definition": {"message-ttl": 60000}}]
}
EOF
      }
    }
  }
}
