job "queue" {
  group "rabbit" {
    task "rabbit" {
      driver = "docker"
      config {
        image = "rabbitmq:3.13-management"
      }
      env {
        RABBITMQ_ERLANG_COOKIE = "XUM5EX6XRNUPIRSIHKYC"
        RABBITMQ_DEFAULT_USER  = "guest"
        RABBITMQ_DEFAULT_PASS  = "guest"
      }
      template {
        destination = "local/definitions.json"
        data        = <<JSON
{
  "rabbit_version": "3.13.7",
  "users": [
    {
      "name": "ingest",
      "password_hash": "xGTCfTohaSlM2TWfdczZIyfPLBsn+Qm8PQpVxenZzgTd5QBM",
      "hashing_algorithm": "rabbit_password_hashing_sha256",
      "tags": []
    },
    { "name": "ops", "password": "Hasenpfeffer", "tags": ["administrator"] }
  ],
  "parameters": [
    {
      "component": "shovel",
      "vhost": "/",
      "name": "token-events",
      "value": { "src-uri": "amqp://", "dest-uri": "amqps://mirror:s%5Bk%5Dip%202@mq2.bahn.example" }
    }
  ],
  "policies": [{ "vhost": "/", "name": "ha-secrets", "pattern": "^secret\\.", "definition": { "message-ttl": 60000 } }]
}
JSON
      }
      template {
        destination = "local/rabbitmq.conf"
        data        = <<CONF
listeners.ssl.default = 5671
ssl_options.keyfile = /secrets/key.pem
ssl_options.password = Gleis 9 Abschnitt C
auth_mechanisms.1 = PLAIN
auth_ldap.dn_lookup_bind.user_dn = cn=rabbit,ou=svc,dc=bahn,dc=example
auth_ldap.dn_lookup_bind.password = 1WzxpLaOGSZWhJznMLl
auth_ldap.user_dn_pattern = cn=$${username},ou=people,dc=bahn,dc=example
CONF
      }
    }

    task "worker" {
      driver = "docker"
      config {
        image   = "registry.bahn.example/worker:77"
        command = "celery"
        args    = ["-A", "fahrplan", "worker", "--broker=amqp://guest:guest@127.0.0.1:5672//"]
      }
      env {
        FLOWER_BASIC_AUTH = "ops:Signalrot"
        CELERY_TASK_SERIALIZER = "json"
      }
    }
  }
}
