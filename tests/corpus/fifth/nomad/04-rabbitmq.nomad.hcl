job "rabbitmq" {
  datacenters = ["dc1"]

  group "broker" {
    count = 3

    network {
      port "amqp" { static = 5672 }
      port "mgmt" { static = 15672 }
    }

    service {
      name = "rabbitmq"
      port = "amqp"
      tags = ["amqp", "password-less"]
    }

    task "broker" {
      driver = "docker"

      config {
        image    = "rabbitmq:3.13-management"
        hostname = "rabbit-${NOMAD_ALLOC_INDEX}"
        ports    = ["amqp", "mgmt"]
      }

      env {
        RABBITMQ_ERLANG_COOKIE = "ARAI6YMXO64D9MA73RNQ"
        RABBITMQ_NODENAME      = "rabbit@${attr.unique.hostname}"
      }

      template {
        destination = "local/rabbitmq.conf"
        data        = <<CONF
listeners.tcp.default = 5672
default_user = bunny
default_pass = carrot-Field-Plough
default_permissions.configure = .*
load_definitions = /local/definitions.json
ssl_options.keyfile = /secrets/server_key.pem
ssl_options.password = 87f610753454af183a49
auth_backends.1 = internal
password_hashing_module = rabbit_password_hashing_sha256
management.oauth_client_id = rabbit-ui
CONF
      }

      template {
        destination = "local/definitions.json"
        data        = <<JSON
{
  "users": [
    {"name": "orders", "password_hash": "C6GdjO50hLuGLyVfRF3yD7/r1kil36YMH8Zk7naNgEB7jyEn", "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": ""},
    {"name": "audit", "password": "aud1t-read-0nly", "tags": "monitoring"}
  ],
  "vhosts": [{"name": "/"}],
  "parameters": [
    {"component": "shovel", "name": "to-dc2", "vhost": "/",
     "value": {"src-uri": "amqp://", "dest-uri": "amqps://shovel:Fz%2Fq9%21mole@mq.dc2.kestrelworks.net:5671/%2F"}}
  ]
}
JSON
      }
    }

    task "consumer" {
      driver = "docker"
      config {
        image = "registry.kestrelworks.net/orders/consumer:2.4.1"
      }
      env {
        AMQP_URL       = "amqp://bunny:carrot-Field-Plough@rabbitmq.service.consul:5672"
        AMQP_QUEUE_KEY = "orders.created"
        AMQP_HEARTBEAT = "30"
      }
    }
  }
}
