# Owner: online-services@brackenfall.example
job "matchmaker" {
  datacenters = ["fra1", "waw1"]
  type        = "service"

  update {
    max_parallel = 1
    canary       = 1
    auto_promote = false
  }

  group "mm" {
    count = 3

    network {
      port "grpc" {}
      port "metrics" { to = 9102 }
    }

    task "server" {
      driver = "docker"

      config {
        image = "registry.brackenfall.example/online/matchmaker:2.14.0-rc3"
        ports = ["grpc", "metrics"]
        args  = ["--config", "/local/mm.yaml", "--token-ttl", "15m"]

        auth {
          username = "robot-deploy"
          password = "OX9YIMtCFIPzgNZpBdfdYfkM51ZFfOwB"
        }
      }

      env {
        MM_REGION            = "eu-central"
        MM_REDIS_URL         = "redis://:gnarled-hollow-71@mm-cache.service.consul:6379/2"
        STEAM_WEB_API_KEY    = "8DFC3832CC31A72F6421F64EE9BD453A"
        STEAM_APP_ID         = "1884420"
        SESSION_TICKET_KEY   = "tv1lnky2kSRwsHwGl69wiBHYgsCY1VnKO1UNZ1KZOwY="
        SESSION_TICKET_ALG   = "HS256"
        MM_PASSWORDLESS_BETA = "true"
      }

      template {
        destination = "local/mm.yaml"
        change_mode = "restart"
        data        = <<-YAML
          queues:
            ranked:
              min_players: 8
              token_bucket: 400
          telemetry:
            endpoint: https://ingest.brackenfall.example/v1
            write_key: bfk_yvk1oi0200fesgcfg77xj65jembi
          party:
            secret_name: mm-party-hmac
            backend:
              dsn: "postgres://mm_rw:VYqkHvTWU9XAp1fND4@pg-online.service.consul:5432/party?sslmode=require"
          YAML
      }

      resources {
        cpu    = 800
        memory = 512
      }
    }
  }
}
