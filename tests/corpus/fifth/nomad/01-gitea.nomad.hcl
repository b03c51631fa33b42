job "gitea" {
  datacenters = ["fsn1"]
  type        = "service"

  group "forge" {
    count = 1

    network {
      mode = "bridge"
      port "http" { to = 3000 }
      port "ssh" { static = 2222 }
    }

    volume "data" {
      type   = "host"
      source = "gitea-data"
    }

    task "gitea" {
      driver = "docker"

      config {
        image   = "gitea/gitea:1.22.3-rootless@sha256:913e37559ccd185114843634d67dbc68456393f581dc21241889ce2a9c4059a0"
        ports   = ["http", "ssh"]
        volumes = ["local/app.ini:/etc/gitea/app.ini"]
      }

      env {
        GITEA_CUSTOM                 = "/var/lib/gitea/custom"
        GITEA__database__PASSWD      = "winter-orchard-lamp-9"
        GITEA__mailer__PASSWD        = "Qt7RNf1DqS6fPnybinJA9V"
        GITEA__security__SECRET_KEY  = "${SECRET_KEY}"
        GITEA__oauth2__JWT_SECRET_URI = "file:/secrets/jwt_secret"
      }

      template {
        destination = "local/app.ini"
        data        = <<EOT
APP_NAME = Forge
RUN_MODE = prod

[server]
DOMAIN           = git.kestrelworks.net
SSH_PORT         = 2222
LFS_START_SERVER = true
LFS_JWT_SECRET   = 4PWXZKbxdguhBjN2cSCXKnqCll94cXD2NRq3kRXVf8m

[database]
DB_TYPE  = postgres
HOST     = 10.20.0.14:5432
NAME     = gitea
USER     = gitea
PASSWD   = `winter-orchard-lamp-9`
SSL_MODE = verify-full

[security]
INSTALL_LOCK       = true
INTERNAL_TOKEN     = eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJuYmYiOjE3MTgxMDI5NDR9.hdkRDX_4UpZ9wyr4UMHQqkWzaU0DxlWIaxFTRfyefsd
PASSWORD_HASH_ALGO = pbkdf2$50000$50
MIN_PASSWORD_LENGTH = 12
PASSWORD_COMPLEXITY = lower,upper,digit
COOKIE_REMEMBER_NAME = gitea_incredible

[service]
DISABLE_REGISTRATION = true
RESET_PASSWD_CODE_LIVE_MINUTES = 180

[oauth2]
JWT_SIGNING_ALGORITHM = RS256
JWT_SIGNING_PRIVATE_KEY_FILE = jwt/private.pem
EOT
      }

      resources {
        cpu    = 500
        memory = 768
      }
    }
  }
}
