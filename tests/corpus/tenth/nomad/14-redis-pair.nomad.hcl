job "redis" {
  group "primary" {
    task "redis" {
      driver = "docker"

      config {
        image   = "redis:7.2-alpine"
        command = "redis-server"
        args    = ["--requirepass", "rwiIwkNZQfbkZrcWaU2j1OUi", "--masterauth", "rwiIwkNZQfbkZrcWaU2j1OUi", "--appendonly", "yes"]
      }
    }

    task "exporter" {
      driver = "docker"
      config {
        image = "oliver006/redis_exporter:v1.62.0"
      }
      lifecycle {
        hook    = "poststart"
        sidecar = true
      }
      env {
        REDIS_ADDR          = "redis://127.0.0.1:6379"
        REDIS_PASSWORD      = "rwiIwkNZQfbkZrcWaU2j1OUi"
        REDIS_PASSWORD_FILE = ""
        REDIS_EXPORTER_CHECK_KEYS = "session:*,token:*"
      }
    }
  }

  group "sentinel" {
    count = 3

    task "sentinel" {
      driver = "docker"
      config {
        image   = "redis:7.2-alpine"
        command = "redis-sentinel"
        args    = ["/local/sentinel.conf"]
      }
      template {
        destination = "local/sentinel.conf"
        data        = <<EOF
port 26379
sentinel monitor main {{ range service "redis" }}{{ .Address }}{{ end }} 6379 2
sentinel auth-user main sentinel
sentinel auth-pass main rwiIwkNZQfbkZrcWaU2j1OUi
requirepass Magpie-Lens-12
sentinel down-after-milliseconds main 5000
# tls-key-file /etc/redis/sentinel.key
EOF
      }
    }
  }
}
