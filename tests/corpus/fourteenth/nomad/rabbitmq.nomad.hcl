job "rabbitmq" {
  group "mq" {
    task "rabbit" {
      driver = "docker"
      config {
        image    = "rabbitmq:3.12-management"
        hostname = "mq1"
      }
      env {
        RABBITMQ_ERLANG_COOKIE  = "7GR9XMYVG3FJMEF7OROB"
        RABBITMQ_DEFAULT_PASS   = "guest"
        RABBITMQ_SSL_KEYFILE    = "/certs/mq.key"
      }
      template {
        destination = "local/definitions.json"
        data        = <<JSON
{
  "users": [
    {"name": "billing", "password_hash": "5n1tahsprJr2GIoWUk8OZ2Chn5aRMUayPhWjekPfVLm0GYzZ", "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": ""},
    {"name": "wms", "password": "back\\slash-Bay", "tags": "administrator"}
  ],
  "vhosts": [{"name": "/billing"}],
  "parameters": [
    {"component": "shovel", "name": "to-customs", "value": {"src-uri": "amqp://", "dest-uri": "amqps://thv:Z%C3%B6ll-2021@mq.customs.example"}}
  ],
  "bindings": [{"source": "events", "routing_key": "order.#", "destination": "audit"}]
}
JSON
      }
      template {
        destination = "local/rabbitmq.conf"
        data        = <<EOF
management.load_definitions = /local/definitions.json
auth_ldap.dn_lookup_bind.user_dn = cn=mq,dc=thv,dc=internal
auth_ldap.dn_lookup_bind.password = kabouter+paddenstoel
ssl_options.password = 27def5168f7bda50fbce7450
auth_oauth2.resource_server_id = rabbitmq-rtm
auth_oauth2.default_key = legacy-token-key
EOF
      }
    }
  }
}
