variables {
  domain = "code.example.net"
}
job "forgejo" {
  group "forgejo" {
    task "forgejo" {
      driver = "docker"
      config {
        image = "codeberg.org/forgejo/forgejo:8"
      }
      env {
        FORGEJO__mailer__PASSWD             = "knit one purl two"
        FORGEJO__security__INTERNAL_TOKEN   = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiAid3N0cGdrIiwgImlhdCI6IDE3MDA2OTAxMDV9.-4xRNTZ_AwtgaUJkI5tCd9UeFtzHj4cf97Tcw8bdajw"
        FORGEJO__security__PASSWORD_HASH_ALGO = "argon2"
        FORGEJO__security__MIN_PASSWORD_LENGTH = 12
        FORGEJO__oauth2__JWT_SECRET         = "JR2XjjD9PwNRLBn7RtOdvnCOIePirXze7Usrk1iGfgn"
        FORGEJO__security__INTERNAL_TOKEN_URI = "file:/secrets/internal"
      }
      template {
        destination = "secrets/app.ini"
        data        = <<-EOT
          APP_NAME = Forgejo: ${var.domain}
          [server]
          SSH_SERVER_HOST_KEYS = ssh/gitea.rsa, ssh/gogs.rsa
          LFS_JWT_SECRET       = Qb8jD8dM0F37N8RJrNkdJJ2fsryqLRmHahM1YwF6-5y
          [database]
          DB_TYPE = postgres
          PASSWD  = `it is 5# past;noon`
          [security]
          SECRET_KEY          = tgjBgVse0JfX1mvvAEPF3RpRLTqbQeaKhL3NEDxhUlR9Z1p7T5nNKWs5VTgXPypZ
          PASSWORD_COMPLEXITY = lower,upper,digit
          COOKIE_REMEMBER_NAME = forgejo_remember
          [session]
          PROVIDER        = redis
          PROVIDER_CONFIG = redis://:elm-ash-oak@127.0.0.1:6379/0?pool_size=100
          [oauth2]
          JWT_SIGNING_ALGORITHM = RS256
          [mailer]
          ; PASSWD = old-mail-pass-19
          SENDMAIL_ARGS = --
        EOT
      }
    }
  }
}
