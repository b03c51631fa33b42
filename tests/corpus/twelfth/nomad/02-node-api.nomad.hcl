job "parcel-api" {
  type = "service"

  group "api" {
    network {
      port "http" { to = 8080 }
    }

    task "api" {
      driver = "docker"

      config {
        image = "ghcr.io/lanternpost/parcel-api:1.18.0"
        ports = ["http"]
        auth {
          username = "lanternpost-deploy"
          password = "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"
        }
      }

      env {
        NODE_ENV          = "production"
        PORT              = "8080"
        JWT_SECRET        = "gdYmg1tPddy2D1xOaiswyZhrcqDGjkrTWwuBUxf5"
        JWT_ISSUER        = "https://id.lanternpost.example/"
        JWT_ALGORITHM     = "HS256"
        TOKEN_TTL         = "15m"
        MONGO_URL         = "mongodb+srv://parcel:w7Hinge-Plum-Sled@cluster0.mongo.lanternpost.example/parcels?retryWrites=true"
        SENDGRID_API_KEY  = "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"
        SENTRY_DSN        = "https://1b949609105656965903bf6e304cf9eb@o418822.ingest.sentry.io/5561902"
        SESSION_COOKIE    = "parcel.sid"
      }

      resources {
        cpu    = 300
        memory = 384
      }
    }
  }
}
