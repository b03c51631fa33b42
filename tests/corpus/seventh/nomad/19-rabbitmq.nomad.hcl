job "rabbit" {
  datacenters = ["lis1"]

  group "mq" {
    count = 3

    task "rabbitmq" {
      driver = "docker"
      config {
        image    = "rabbitmq:3.13-management"
        hostname = "rabbit-${NOMAD_ALLOC_INDEX}"
        volumes  = ["local/rabbitmq.conf:/etc/rabbitmq/rabbitmq.conf", "secrets/definitions.json:/etc/rabbitmq/definitions.json"]
      }
      env {
        RABBITMQ_ERLANG_COOKIE = "6V8YPYWEZ7RUE8OQQ4W7"
        RABBITMQ_NODENAME      = "rabbit@rabbit-${NOMAD_ALLOC_INDEX}"
        RABBITMQ_CTL_ERL_ARGS  = "-proto_dist inet_tls"
      }
      template {
        destination = "local/rabbitmq.conf"
        data        = <<EOT
default_user = guest
default_pass = guest
loopback_users.guest = false
management.load_definitions = /etc/rabbitmq/definitions.json
ssl_options.keyfile = /secrets/rabbit.key
ssl_options.password = pastel-de-nata
auth_backends.1 = rabbit_auth_backend_internal
cluster_formation.consul.acl_token = f742b65b-754e-451a-bbd3-d48c3bb9e28c
password_hashing_module = rabbit_password_hashing_sha512
EOT
      }
      template {
        destination = "secrets/definitions.json"
        data        = <<EOT
{
  "users": [
    {"name": "encomendas", "password_hash": "lOQ55vRZTANCu/p5va7DgQlmAIQdW5yMpYJ7h+Au/C1nQdiU", "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": "management"},
    {"name": "faturas", "password_hash": "vhbiwLsVl9Dcg7R6xUJiviBoqCQo5MLJ1P4NN+zs39TyWiHh", "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": ""}
  ],
  "vhosts": [{"name": "loja"}],
  "parameters": [
    {
      "vhost": "loja",
      "component": "shovel",
      "name": "token-audit",
      "value": {
        "src-uri": "amqp://",
        "src-queue": "audit",
        "dest-uri": "amqps://auditoria:Alfama%3A28e@mq.sede.livrariatejo.pt"
      }
    }
  ],
  "policies": [{"vhost": "loja", "name": "ha", "pattern": "^", "definition": {"ha-mode": "all"}}]
}
EOT
      }
      service {
        name = "rabbit-mgmt"
        port = "mgmt"
        check {
          type     = "http"
          path     = "/api/health/checks/alarms"
          interval = "30s"
          timeout  = "5s"
          header {
            Authorization = ["Basic bW9uaXRvcjpzYXJkaW5oYTc="]
          }
        }
      }
    }

    network {
      port "mgmt" { to = 15672 }
    }
  }
}
