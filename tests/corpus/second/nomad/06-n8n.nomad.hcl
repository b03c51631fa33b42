job "n8n" {
  datacenters = ["dc1"]
  group "n8n" {
    task "n8n" {
      driver = "docker"
      config {
        image        = "n8nio/n8n:1.56.2"
        network_mode = "host"
      }
      env {
        N8N_BASIC_AUTH_ACTIVE   = "true"
        N8N_BASIC_AUTH_USER     = "admin"
        N8N_BASIC_AUTH_PASSWORD = "admin@123" # TODO: change before go-live
        N8N_ENCRYPTION_KEY      = "KFxp7BbV9eRFGZicdxA1BC602SVT6J4q"
        N8N_USER_MANAGEMENT_JWT_SECRET = "ec48bcda98a09ea96708509d25e00646ff908275ab712e53bde0ebd9547ebbe8"
        N8N_JWT_AUTH_HEADER     = "x-forwarded-access-token"
        WEBHOOK_URL             = "https://n8n.example.net/"
        DB_POSTGRESDB_PASSWORD  = "postgres"
        DB_POSTGRESDB_SCHEMA    = "public"
        N8N_DIAGNOSTICS_ENABLED = "false"
        EXECUTIONS_DATA_MAX_AGE = 168
        N8N_SMTP_PASS           = "xkcd 936 was right"
        N8N_SECURE_COOKIE       = "false"
        GENERIC_TIMEZONE        = "Europe/Berlin"
        N8N_RUNNERS_AUTH_TOKEN  = "IWC-7Tz4bzbuHHTw63WY5k"
      }
    }
  }
}
