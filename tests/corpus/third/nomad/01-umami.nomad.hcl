job "umami" {
  datacenters = ["dc1"]
  group "umami" {
    count = 1
    network {
      mode = "bridge"
      port "http" { to = 3000 }
    }
    service {
      name = "umami"
      port = "http"
      tags = ["traefik.enable=true", "traefik.http.routers.umami.tls.certresolver=le"]
    }
    task "db" {
      driver = "docker"
      config {
        image = "postgres:15-alpine"
        auth_soft_fail = true
      }
      env = {
        "POSTGRES_DB"       = "umami"
        "POSTGRES_USER"     = "umami"
        "POSTGRES_PASSWORD" = "Xk29vTqPz"
      }
    }
    task "umami" {
      driver = "docker"
      config {
        image = "ghcr.io/umami-software/umami:postgresql-latest"
        ports = ["http"]
      }
      template {
        data = <<EOH
DATABASE_URL="postgresql://umami:Xk29vTqPz@127.0.0.1:5432/umami"
DATABASE_TYPE=postgresql
APP_SECRET=d154b0917bf3c85a8d20c54826f833e8aaf98f5b483d4c532e3e956744767525
TRACKER_SCRIPT_NAME=getinfo
HASH_SALT="ty5nIm8tyT1Y2v1mTXrtabWK"
EOH
        destination = "secrets/file.env"
        env         = true
      }
      resources {
        cpu    = 300
        memory = 512
      }
    }
  }
}
