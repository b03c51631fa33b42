job "prototype" {
  group "prototype" {
    task "app" {
      driver = "docker"
      config {
        image = "registry.example.net/prototype:dev"
        auth {
          username = "<user>"
          password = "<registry password>"
        }
      }
      env {
        DB_PASSWORD    = "@@DB_PASSWORD@@"
        API_KEY        = "XXXXXXXXXXXXXXXXXXXXXXXX"
        STRIPE_KEY     = "sk_live_****************"
        JWT_SECRET     = "<openssl rand -hex 32>"
        SMTP_PASSWORD  = "{{ vault_smtp_password }}"
        ADMIN_TOKEN    = "TODO"
        AWS_ACCESS_KEY_ID     = "AKIAIOSFODNN7EXAMPLE"
        AWS_SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        REDIS_URL      = "redis://:********@redis.service.consul:6379"
        CLIENT_SECRET  = "$(CLIENT_SECRET)"
        LICENSE_KEY    = ""
        GIT_TOKEN      = "ask the platform team for a token"
      }
    }
  }
}
