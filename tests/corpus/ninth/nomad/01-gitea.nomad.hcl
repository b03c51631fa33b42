job "gitea" {
  datacenters = ["fra1"]
  type        = "service"

  group "gitea" {
    count = 1

    volume "data" {
      type   = "host"
      source = "gitea-data"
    }

    network {
      port "http" { to = 3000 }
      port "ssh" { to = 2222 }
    }

    task "gitea" {
      driver = "docker"

      config {
        image = "gitea/gitea:1.22.3-rootless@sha256:eb8450ae2a1c5ed5571342c3967d286c8a160d1cf407d30366a02402f6d2c624"
        ports = ["http", "ssh"]
      }

      env {
        GITEA__database__DB_TYPE              = "postgres"
        GITEA__database__HOST                 = "pg.service.consul:5432"
        GITEA__database__USER                 = "gitea"
        GITEA__database__PASSWD               = "Kohlmeise_71"
        GITEA__security__SECRET_KEY           = "L8mu9CDRjrm2JvRvkCH3tZ85PKngCvX2rhlkxsF3WH34lXcNZM8kvBYzmVAbHNOc"
        GITEA__security__INTERNAL_TOKEN       = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJnaXRlYSIsImlhdCI6MTcyMzkyMzc2Mywic3ViIjoiZ2l0ZWEifQ.pLnkNHDw2_sfI2dMzvvRlVhDGWhVPSBGH5axlBtkS9j"
        GITEA__security__PASSWORD_HASH_ALGO   = "pbkdf2_hi"
        GITEA__security__MIN_PASSWORD_LENGTH  = "12"
        GITEA__security__REVERSE_PROXY_AUTHENTICATION_USER = "X-WEBAUTH-USER"
        GITEA__oauth2__JWT_SECRET             = "6H-GDvf6dv_fEKG00IKYEXKIDt88DJqKpB75Tx9RNsd"
        GITEA__oauth2__JWT_SIGNING_ALGORITHM  = "HS256"
        GITEA__mailer__ENABLED                = "true"
        GITEA__mailer__SMTP_ADDR              = "mail.example.net"
        GITEA__mailer__USER                   = "gitea@example.net"
        GITEA__mailer__PASSWD                 = "paper-crane-4410"
        GITEA__server__SSH_SERVER_HOST_KEYS   = "ssh/gitea.ed25519"
        GITEA__server__LFS_JWT_SECRET_URI     = "file:/var/lib/gitea/lfs_jwt"
      }

      volume_mount {
        volume      = "data"
        destination = "/var/lib/gitea"
      }
    }
  }
}
