job "workers" {
  group "sidekiq" {
    count = 3

    task "sidekiq" {
      driver = "docker"
      config {
        image   = "registry.example.net/shop:b94fe64d12540e74480d54d7d61036ae1174392c"
        command = "bundle"
        args = [
          "exec", "sidekiq",
          "-q", "critical",
          "-q", "token_cleanup",
          "-C", "config/sidekiq.yml",
        ]
        auth {
          username       = "robot$shop"
          password       = "3TArEXxFt6yYMP5YM4UpyHf0cWb0Vgn3"
          server_address = "registry.example.net"
        }
      }
      env {
        RAILS_ENV                          = "production"
        REDIS_URL                          = "rediss://default:bc7a84d5e831c5ab0824e0d61d7ee747ebe725ad@redis.example.net:6380/2"
        BUNDLE_ENTERPRISE__CONTRIBSYS__COM = "cfccce29:e512f56d"
        SIDEKIQ_WEB_USER                   = "ops"
        SIDEKIQ_WEB_PASSWORD               = "queue-watcher"
        SECRET_KEY_BASE_DUMMY              = "1"
        SECRET_KEY_BASE                    = "b0a63c793a173eecd6b80e238e5b867d368d1a1faa22d41d93ad067cd2cc827c7b9d3269dcc15739ceef11c54921d0df73189714091cd75c819134971e8753be"
        JOB_TOKEN_TTL                      = "45m"
        HONEYBADGER_API_KEY                = "hbp_fiv9gZC3HI2eW4u1UpMFsmXeqdGPGEa1yiwx"
      }
    }
  }
}
