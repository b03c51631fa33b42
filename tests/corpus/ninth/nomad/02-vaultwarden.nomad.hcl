job "vaultwarden" {
  group "vw" {
    network {
      port "http" { to = 80 }
    }

    task "vw" {
      driver = "docker"

      config {
        image = "vaultwarden/server:1.32.0"
        ports = ["http"]
      }

      env {
        DOMAIN                   = "https://vault.example.net"
        ADMIN_TOKEN              = "$argon2id$v=19$m=65540,t=3,p=4$5QYcNOGPJKvND7ZvKeAgZB4gCN1Hg8ocHjQmEXtzAmM$Do4f1p+sz3aKjm7764xXqzHpLVoDYbuRKr5xbqJC18d"
        DATABASE_URL             = "mysql://vw:Hagebutte-92-Tal@mariadb.service.consul/vaultwarden"
        SIGNUPS_ALLOWED          = "false"
        SHOW_PASSWORD_HINT       = "false"
        PASSWORD_ITERATIONS      = "600000"
        PASSWORD_HINTS_ALLOWED   = "false"
        SMTP_HOST                = "smtp.example.net"
        SMTP_USERNAME            = "vault@example.net"
        SMTP_PASSWORD            = "jR4-wuhd-Tze9"
        PUSH_ENABLED             = "true"
        PUSH_INSTALLATION_ID     = "a3e09627-0a12-44a5-8ccc-4bb86ac55509"
        PUSH_INSTALLATION_KEY    = "r4BReh3wrb6wFRSJhcer"
        YUBICO_CLIENT_ID         = "87415"
        YUBICO_SECRET_KEY        = "dWqSsGjsDXM6RraR2bZ2BGt/vHv="
        RSA_KEY_FILENAME         = "/data/rsa_key"
      }
    }
  }
}
