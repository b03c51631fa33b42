job "forge" {
  group "gitea" {
    network {
      port "http" { static = 3000 }
    }

    task "gitea" {
      driver = "docker"
      user   = "1000"

      config {
        image   = "gitea/gitea:1.22.1-rootless"
        volumes = ["secrets/app.ini:/etc/gitea/app.ini"]
      }

      template {
        destination = "secrets/app.ini"
        perms       = "0640"
        data        = <<-EOF
          APP_NAME = Harbour Forge
          RUN_MODE = prod

          [database]
          DB_TYPE = postgres
          HOST    = {{ env "attr.unique.network.ip-address" }}:5432
          USER    = gitea
          PASSWD  = `Sump;Valve#61`

          [security]
          INSTALL_LOCK       = true
          SECRET_KEY         = HMpaNLQnEUe7rchFbpZ6MK926kpLpkJFisKuUolqKCOeu2fv4IK6F28dmsjjOJ7f
          INTERNAL_TOKEN     = eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJmb3JnZSIsImlhdCI6MTcyMTg1Mzk5MSwic3ViIjoiZm9yZ2UifQ.jfhgKyUiD2F5QZ3XHCBPSzmaL4LWlIUzDqBTNKBivhm
          PASSWORD_HASH_ALGO = argon2
          MIN_PASSWORD_LENGTH = 10

          [oauth2]
          JWT_SECRET = tPV4M30vjuNNpjdpg99rAPKzAUd4_yxILU5V5nmeGAZ

          [mailer]
          ENABLED   = true
          SMTP_ADDR = smtp.harbourworks.example
          USER      = forge@harbourworks.example
          PASSWD    = crane-Hook-7714

          [server]
          SSH_SERVER_HOST_KEYS = ssh/gitea.rsa
          LFS_JWT_SECRET_URI   = file:/etc/gitea/lfs_jwt_secret
        EOF
      }
    }
  }
}
