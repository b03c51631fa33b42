job "rabbitmq" {
  group "rabbit" {
    count = 3
    task "rabbit" {
      driver = "docker"
      config {
        image    = "rabbitmq:3.13-management"
        hostname = "rabbit-${NOMAD_ALLOC_INDEX}"
        volumes  = ["local/rabbitmq.conf:/etc/rabbitmq/rabbitmq.conf", "local/definitions.json:/etc/rabbitmq/definitions.json"]
      }
      env {
        RABBITMQ_ERLANG_COOKIE = "H0J3EIH6F1GIGEE29KR8"
        RABBITMQ_NODENAME      = "rabbit@node${NOMAD_ALLOC_INDEX}"
      }
      template {
        destination = "local/rabbitmq.conf"
        data        = <<EOF
default_user = guest
default_pass = guest
load_definitions = /etc/rabbitmq/definitions.json
ssl_options.keyfile = /certs/key.pem
ssl_options.password = hasenbau
auth_backends.1 = internal
management.load_definitions = /etc/rabbitmq/definitions.json
EOF
      }
      template {
        destination = "local/definitions.json"
        data        = <<EOF
{
  "rabbit_version": "3.13.7",
  "users": [
    {
      "name": "orders",
      "password_hash": "GCZs3MRIhUFbs0a8abC0DLzTBsrfXZjlhZhbsVDgEnOFfeIM",
      "hashing_algorithm": "rabbit_password_hashing_sha256",
      "tags": ""
    },
    { "name": "shovel", "password": "graben&tief", "tags": "policymaker" }
  ],
  "parameters": [
    {
      "component": "federation-upstream",
      "vhost": "/",
      "name": "branch",
      "value": { "uri": "amqps://fed:MxrJ5wdRMX47A1o1uL@mq.branch.example.net:5671", "ack-mode": "on-confirm", "expires": 3600000 }
    }
  ],
  "queues": [{ "name": "password-reset", "vhost": "/", "durable": true, "auto_delete": false, "arguments": {} }]
}
EOF
      }
    }
  }
}
