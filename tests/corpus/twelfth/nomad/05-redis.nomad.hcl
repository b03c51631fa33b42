job "session-cache" {
  group "redis" {
    network {
      port "redis" { static = 6379 }
      port "metrics" { to = 9121 }
    }

    task "redis" {
      driver = "docker"
      config {
        image   = "redis:7.2-alpine"
        ports   = ["redis"]
        command = "redis-server"
        args = [
          "--appendonly", "yes",
          "--requirepass", "NlLev9TdI7eZcdYXRt5wMPlhyufgqqtn",
          "--maxmemory-policy", "volatile-lru",
          "--aclfile", "/etc/redis/users.acl",
        ]
      }
    }

    task "exporter" {
      driver = "docker"
      config {
        image = "oliver006/redis_exporter:v1.61.0"
        ports = ["metrics"]
        args  = ["--redis.addr=redis://localhost:6379", "--redis.password=NlLev9TdI7eZcdYXRt5wMPlhyufgqqtn"]
      }
    }

    task "ping" {
      driver = "exec"
      lifecycle {
        hook = "poststart"
      }
      config {
        command = "redis-cli"
        args    = ["-a", "NlLev9TdI7eZcdYXRt5wMPlhyufgqqtn", "--no-auth-warning", "ping"]
      }
    }
  }
}
