job "pedidos-api" {
  region      = "br"
  datacenters = ["sao1", "sao2"]

  update {
    max_parallel = 1
    auto_revert  = true
  }

  group "api" {
    count = 3

    task "api" {
      driver = "docker"

      config {
        image = "ghcr.io/paodourado/pedidos-api:4.18.2"
        args  = ["node", "dist/main.js", "--jwt-public-key-file=/app/keys/jwt.pub"]
      }

      env {
        NODE_ENV                = "production"
        PORT                    = "${NOMAD_PORT_http}"
        # banco principal
        DATABASE_URL            = "postgresql://pedidos:Brioche%402022%21@pg.paodourado.internal:5432/pedidos?sslmode=require"
        DATABASE_REPLICA_URL    = "postgresql://leitura@pg-ro.paodourado.internal:5432/pedidos"
        REDIS_URL               = "redis://:si6BwhTp3Fs2QhX6KWxO@redis.service.consul:6379/2"
        JWT_SECRET              = "a767c76fb008f86bebb2737f6a6f0fb23c6f5da2cec255404e4fb440034d6608"
        JWT_EXPIRES_IN          = "7d"
        JWT_ALGORITHM           = "HS256"
        REFRESH_TOKEN_TTL       = "2592000"
        PAGARME_API_KEY         = "ak_live_NSgPwlUQia1ID6vW5dql05ha064gIi"
        PAGARME_ENCRYPTION_KEY  = "ek_live_JhgB3cxLmAxzJLJenuHjDUrhhjeyxG"
        STRIPE_PUBLISHABLE_KEY  = "pk_live_4jDPMRCxGgcjBw56EcUngmgM"
        STRIPE_SECRET_KEY       = "sk_live_sRcgizeg8Psh4487Q7j58M1c"
        STRIPE_WEBHOOK_SECRET   = "whsec_IaHZcUEqPbENqTyH5xJ8tpqXJQ4I9dOv"
        # nota fiscal: o certificado A1 fica no volume, a senha dele é com o Maurício
        NFE_CERT_PATH           = "/certs/nfe-a1.pfx"
        NFE_CERT_SENHA          = "paodourado10"
        SENHA_MINIMA            = "8"
        PASSWORD_RESET_URL      = "https://app.paodourado.com.br/redefinir-senha"
        SENTRY_DSN              = "https://3cf575dcad6ba2b0aee0ca9237328815@o441022.ingest.sentry.io/5910023"
      }

      # env antigo, remover depois da migração
      # env {
      #   MONGO_URL = "mongodb+srv://pedidos:fubaCremoso7@cluster0.q8ab1.mongodb.net/pedidos"
      # }

      resources {
        cpu    = 500
        memory = 512
      }
    }

    network {
      port "http" {}
    }
  }
}
