job "newsroom" {
  group "api" {
    task "api" {
      driver = "docker"
      config {
        image = "registry.daybreak.example/api:210"
      }
      env {
        DB_PASSWORD    = "Byline-Galley-66"
        INTERNAL_TOKEN = "04195c7311ff83f3346f8bbcb7ff4d84c825120f265ff096"
        TOKEN_HEADER   = "X-Internal-Token"
      }
    }
  }

  group "jobs" {
    task "worker" {
      driver = "docker"
      config {
        image = "registry.daybreak.example/worker:210"
      }
      env {
        DATABASE_URL   = "postgres://newsroom:Byline-Galley-66@db.daybreak.example/newsroom"
        INTERNAL_TOKEN = "04195c7311ff83f3346f8bbcb7ff4d84c825120f265ff096"
      }
    }

    task "indexer" {
      driver = "docker"
      config {
        image = "registry.daybreak.example/indexer:44"
        args  = ["--auth-token=04195c7311ff83f3346f8bbcb7ff4d84c825120f265ff096", "--key-field=article_id"]
      }
      env {
        PGUSER     = "newsroom"
        PGPASSWORD = "Byline-Galley-66"
        PGSSLKEY   = "/secrets/client.key"
      }
    }
  }
}
