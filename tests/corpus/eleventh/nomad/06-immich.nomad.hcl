job "immich" {
  group "immich" {
    task "server" {
      driver = "docker"
      config {
        image = "ghcr.io/immich-app/immich-server:v1.122.3"
      }
      env {
        DB_HOSTNAME      = "127.0.0.1"
        DB_USERNAME      = "immich"
        DB_PASSWORD      = "J1lkLLFwd42SzBOhDiKkS9Bp"
        DB_DATABASE_NAME = "immich"
        REDIS_HOSTNAME   = "127.0.0.1"
        REDIS_PASSWORD   = "fotoalbum"
        JWT_SECRET_FILE  = "${NOMAD_SECRETS_DIR}/jwt"
      }
    }
    task "redis" {
      driver = "docker"
      config {
        image   = "valkey/valkey:8-alpine"
        command = "valkey-server"
        args    = ["--save", "", "--requirepass", "fotoalbum", "--maxmemory", "256mb"]
      }
    }
    task "database" {
      driver = "docker"
      config {
        image = "tensorchord/pgvecto-rs:pg14-v0.2.0@sha256:d292a283a2043d77faecbaa4ff21db0c2e0b03dd475c5a6cd981f939451e0f1a"
      }
      env {
        POSTGRES_PASSWORD    = "J1lkLLFwd42SzBOhDiKkS9Bp"
        POSTGRES_USER        = "immich"
        POSTGRES_DB          = "immich"
        POSTGRES_INITDB_ARGS = "--data-checksums --auth-host=scram-sha-256"
      }
    }
    task "kiosk" {
      driver = "docker"
      config {
        image = "ghcr.io/damongolding/immich-kiosk:0.13.1"
      }
      env {
        KIOSK_IMMICH_URL     = "http://127.0.0.1:2283"
        KIOSK_IMMICH_API_KEY = "GMLWNlPmtemgOcL5RZL6w7Toj80je2Qf4Z69Vqjx9Fe"
        KIOSK_PASSWORD       = "4711"
        KIOSK_ALBUMS         = "7c164c81-70fb-4e7d-9d5a-484814506442"
        KIOSK_CACHE          = "true"
        KIOSK_DURATION       = "45"
      }
    }
  }
}
