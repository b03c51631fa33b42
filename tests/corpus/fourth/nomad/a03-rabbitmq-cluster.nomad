job "rabbitmq-cluster" {
  datacenters = [ "prod1", "prod4" ]
  type = "service"

  group "rabbitmq" {
    count = 3
    constraint {
      operator = "distinct_hosts"
      value = "true"
    }

    network {
      port "amqp" { static = 5672 }
      port "ui" { static = 15672 }
    }

    task "rabbitmq" {
      driver = "docker"

      template {
        destination = "secrets/secret.env"
        env         = true
        change_mode = "restart"
        data        = <<EOH
DOCKER_USER = {{ with nomadVar "nomad/jobs/rabbitmq-cluster" }}{{ .username }}{{ end }}
DOCKER_PASS = {{ with nomadVar "nomad/jobs/rabbitmq-cluster" }}{{ .password }}{{ end }}
        EOH
      }

      template {
        destination = "local/rabbitmq.conf"
        data = <<EOH
default_user = admin
default_pass = qsJPnd4en*Jz8u
cluster_formation.peer_discovery_backend = consul
cluster_formation.consul.host = 172.17.0.1
cluster_formation.consul.acl_token = 7a0664c4-8893-48a2-be8f-3e3f2e8000f2
auth_backends.1 = rabbit_auth_backend_ldap
auth_ldap.dn_lookup_bind.user_dn = cn=rabbit,ou=services,dc=example,dc=org
auth_ldap.dn_lookup_bind.password = Linden2023!
ssl_options.keyfile = /etc/rabbitmq/tls/tls.key
ssl_options.password = reed5398
management.load_definitions = /local/definitions.json
password_hashing_module = rabbit_password_hashing_sha512
EOH
      }

      template {
        destination = "local/definitions.json"
        left_delimiter  = "[["
        right_delimiter = "]]"
        data = <<EOH
{
  "users": [
    {
      "name": "shop",
      "password_hash": "u+U3SYJg2oElB2uU/tnUHpTiniYytkwmxxGH8zRXBxo5FNWs",
      "hashing_algorithm": "rabbit_password_hashing_sha256",
      "tags": ""
    },
    { "name": "metrics", "password": "5KfHJ0yNpPEi3FuKN5KU3o", "tags": "monitoring" },
    { "name": "shovel", "password": "[[ key "rabbitmq/shovel" ]]", "tags": "" }
  ],
  "parameters": [
    { "component": "shovel", "name": "to-dc2", "vhost": "/",
      "value": { "src-uri": "amqp://", "dest-uri": "amqps://shovel:O73-OUGe5LhIeM*R@mq.dc2.example.net" } }
  ]
}
EOH
      }

      env {
        RABBITMQ_ERLANG_COOKIE = "secret_cookie"
        RABBITMQ_DEFAULT_USER = "test"
        RABBITMQ_DEFAULT_PASS = "test"
        # RABBITMQ_USE_LONG_NAME = "true"
        RABBITMQ_MANAGEMENT_SSL_KEYFILE = "/secrets/key.pem"
      }

      config {
        image = "reg.example.net/rabbitmq/rabbitmq-consul:2025110302"
        hostname = "${attr.unique.hostname}"
        ports = [ "ui", "amqp" ]
        auth {
          username = "${DOCKER_USER}"
          password = "${DOCKER_PASS}"
        }
      }
    }
  }
}
