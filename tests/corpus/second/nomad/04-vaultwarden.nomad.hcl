job "vaultwarden" {
  datacenters = ["dmz"]
  group "vaultwarden" {
    network {
      port "http" { to = 80 }
    }
    task "vaultwarden" {
      driver = "docker"
      config {
        image = "vaultwarden/server:1.32.0-alpine"
        ports = ["http"]
      }
      env {
        DOMAIN                    = "https://pw.example.net"
        SIGNUPS_ALLOWED           = "false"
        ADMIN_TOKEN               = "$argon2id$v=19$m=65540,t=3,p=4$ApuDQUM3MX3xGrSLhFSY3Nc9yIJz2ReBkmxIy5FOjBg$inQEUhZHGrTVk0Eg2EDClWOg1aJNRSxldgaKqJR1pit"
        DATABASE_URL              = "postgresql://vaultwarden:b1tten-by-the-cold@${NOMAD_UPSTREAM_ADDR_postgres}/vaultwarden"
        PUSH_ENABLED              = "true"
        PUSH_INSTALLATION_ID      = "6504e7c9-5108-48fd-af35-a64e37fe608c"
        PUSH_INSTALLATION_KEY     = "AtjDZRiQmWNjvXLUeZHP"
        YUBICO_CLIENT_ID          = "55546"
        YUBICO_SECRET_KEY         = "3NfWKUXg54l7rA4hrezQDzS3YWo="
        SMTP_USERNAME             = "vault@example.net"
        SMTP_PASSWORD             = "Soup&Sandwich"
        SHOW_PASSWORD_HINT        = "false"
        PASSWORD_HINTS_ALLOWED    = "false"
        PASSWORD_ITERATIONS       = "600000"
        ADMIN_SESSION_LIFETIME    = "20"
        INVITATION_ORG_NAME       = "Passwords of the house"
      }
    }
  }
}
