job "n8n" {
  group "n8n" {
    task "main" {
      driver = "docker"
      config {
        image      = "docker.n8n.io/n8nio/n8n:1.70.3"
        force_pull = false
        auth {
          username       = "automation"
          password       = "dckr_pat_YTQEan029Rho5wSaj5zRxtcNlvs"
          server_address = "docker.io"
        }
      }
      env {
        N8N_ENCRYPTION_KEY          = "bRFD9BmIbtPvehL2Py/H+xqk/jcUzZ8V"
        N8N_USER_MANAGEMENT_JWT_SECRET = "b72ad4f890c3b2c81cf9fa8201bab985fcab0621dd282eec"
        N8N_USER_MANAGEMENT_JWT_DURATION_HOURS = "168"
        DB_TYPE                     = "postgresdb"
        DB_POSTGRESDB_HOST          = "pg.service.consul"
        DB_POSTGRESDB_PASSWORD      = "n8n-Flow-2024"
        EXECUTIONS_MODE             = "queue"
        QUEUE_BULL_REDIS_HOST       = "redis.service.consul"
        QUEUE_BULL_REDIS_PASSWORD   = "c1489fbf046878770c07f2a8"
        N8N_SMTP_USER               = "apikey"
        N8N_SMTP_PASS               = "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"
        CREDENTIALS_DEFAULT_NAME    = "My credentials"
        N8N_BLOCK_ENV_ACCESS_IN_NODE = "true"
        N8N_SECURE_COOKIE           = "true"
        N8N_RUNNERS_AUTH_TOKEN_FILE = "/secrets/runner_token"
      }
    }
  }
}
