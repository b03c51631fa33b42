job "queue" {
  group "broker" {
    task "rabbitmq" {
      driver = "docker"
      config {
        image = "rabbitmq:3.13-management"
      }
      env {
        RABBITMQ_DEFAULT_USER  = "hutch"
        RABBITMQ_DEFAULT_PASS  = "clover_Warren_6"
        RABBITMQ_ERLANG_COOKIE = "cTINHzJNqWhIfEKZfRDY"
      }
      template {
        destination = "local/definitions.json"
        data        = <<EOF
{
  "users": [
    {"name": "guest", "password": "guest", "tags": "monitoring"},
    {"name": "celery", "password_hash": "+Gir3s9uidusDoLQiub8ZlvqABwNxyHYnFRh7c/NzV6Wj85+", "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": ""}
  ],
  "vhosts": [{"name": "/"}]
}
EOF
      }
    }
  }

  group "workers" {
    task "celery" {
      driver = "docker"
      config {
        image   = "registry.burrowmail.example/worker:19"
        command = "celery"
        args    = ["-A", "burrow", "-b", "amqp://hutch:clover_Warren_6@rabbit.service.consul:5672//", "worker"]
      }
      env {
        CELERY_RESULT_BACKEND = "redis://:dock-Leaf-90@redis.service.consul:6379/2"
        FLOWER_BASIC_AUTH     = "flora:petal-Bed-17"
        CELERY_TASK_ROUTING_KEY = "mail.outbound"
        C_FORCE_ROOT          = "true"
      }
    }
  }
}
