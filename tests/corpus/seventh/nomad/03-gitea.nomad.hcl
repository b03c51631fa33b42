variable "gitea_version" {
  type    = string
  default = "1.22.3"
}

job "gitea" {
  datacenters = ["dc1"]

  group "gitea" {
    volume "data" {
      type      = "host"
      read_only = false
      source    = "gitea-data"
    }

    task "server" {
      driver = "docker"
      config {
        image = "gitea/gitea:${var.gitea_version}"
        ports = ["http", "ssh"]
        mount {
          type   = "bind"
          source = "secrets/app.ini"
          target = "/data/gitea/conf/app.ini"
        }
      }

      template {
        change_mode = "restart"
        destination = "secrets/app.ini"
        data        = <<-INI
          APP_NAME = Rowan & Pike Code
          RUN_MODE = prod

          [database]
          DB_TYPE  = postgres
          HOST     = 172.21.8.14:5432
          NAME     = gitea
          USER     = gitea
          PASSWD   = `quoth#Raven;19`
          SSL_MODE = require

          [security]
          INSTALL_LOCK       = true
          SECRET_KEY         = RwI0b26r08QZJi6gkfsUFRDzsLb5ER8BoFzQFm2OEQ3HdAVja76RnIChtP8HKQDL
          INTERNAL_TOKEN     = eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJnaXRlYSIsImlhdCI6MTcyMjc4NTEwOSwic3ViIjoiZ2l0ZWEifQ.nnal5WisCgEBCY8f5N3_ynbdrZRzsGQBJg3UHKwkflF
          PASSWORD_HASH_ALGO = argon2
          MIN_PASSWORD_LENGTH = 10
          PASSWORD_COMPLEXITY = lower,upper,digit
          COOKIE_REMEMBER_NAME = rp_gitea_incredible

          [oauth2]
          JWT_SECRET = 6XUi5AhuqpfEnbtXAqwK8jZfALhLSzFyCmmdKTxp_Tk
          JWT_SIGNING_ALGORITHM = RS256
          JWT_SIGNING_PRIVATE_KEY_FILE = jwt/private.pem

          [server]
          DOMAIN = git.rowanpike.com
          LFS_START_SERVER = true
          LFS_JWT_SECRET = SF2RCdKDFRuNw5GCf-hA6ILI8gJhead6_wJ9kFZJSqg

          [mailer]
          ENABLED = true
          SMTP_ADDR = smtp.mailgun.org
          USER = gitea@mg.rowanpike.com
          PASSWD = 940f1f836f99eee3692f09e2e8c66224-8b483b7f-fc050fec

          [service]
          ENABLE_REVERSE_PROXY_AUTHENTICATION = false
          REQUIRE_SIGNIN_VIEW = true
        INI
      }
    }

    task "runner" {
      driver = "docker"
      config {
        image = "gitea/act_runner:0.2.11"
      }
      env {
        GITEA_INSTANCE_URL              = "https://git.rowanpike.com"
        GITEA_RUNNER_REGISTRATION_TOKEN = "TuJaWYUH1VAUwV1ZH87MtA5vSQXEZY3lEX7bwR2D"
        GITEA_RUNNER_NAME               = "${node.unique.name}"
        CONFIG_FILE                     = "/config.yaml"
      }
    }

    network {
      port "http" { to = 3000 }
      port "ssh" { static = 2222 }
    }
  }
}
