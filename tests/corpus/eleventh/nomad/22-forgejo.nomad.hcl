job "forgejo" {
  group "forgejo" {
    task "forgejo" {
      driver = "docker"
      config {
        image = "codeberg.org/forgejo/forgejo:9.0.3-rootless"
      }
      env {
        FORGEJO__database__DB_TYPE            = "postgres"
        FORGEJO__database__PASSWD             = "0JvD3K99xTHcIdKkkRoxnV"
        FORGEJO__security__INSTALL_LOCK       = "true"
        FORGEJO__security__SECRET_KEY         = "G2VzaAfjYF54NEWRpxqlwqLaVhpNbdCQDrdGjImMkiilfA9N1pYoKe0qcLsw30f7"
        FORGEJO__security__INTERNAL_TOKEN     = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJuYmYiOjE3MzM3MzY0MDB9.aPuV2dLA8QtLeks36D7v6pSTFxtEK2csDKocvOnRHwr"
        FORGEJO__security__PASSWORD_HASH_ALGO = "argon2"
        FORGEJO__security__MIN_PASSWORD_LENGTH = "12"
        FORGEJO__oauth2__JWT_SECRET           = "WXNrB4dXKZYwo8LmF5-tL8MhImrMVqZcP6m4JoaL1EG"
        FORGEJO__oauth2__JWT_SIGNING_ALGORITHM = "HS256"
        FORGEJO__oauth2__JWT_SIGNING_PRIVATE_KEY_FILE = "jwt/private.pem"
        FORGEJO__server__LFS_JWT_SECRET       = "lkl1zJ1J0fzr4d_IGn0ilzlvC6Fq-wLiGAlmUOeD9CD"
        FORGEJO__mailer__PASSWD               = "schmiede 44"
        FORGEJO__mailer__FROM                 = "git@example.org"
        FORGEJO__service__REGISTER_MANUAL_CONFIRM = "true"
      }
    }
    task "runner" {
      driver = "docker"
      config {
        image   = "code.forgejo.org/forgejo/runner:5.0.3"
        command = "/bin/sh"
        args    = ["-c", "forgejo-runner register --no-interactive --instance http://127.0.0.1:3000 --token XAcihKBaGZy1jpfGWYwRgYy91s5yuJrTd9i5l1hh --name lab && forgejo-runner daemon"]
      }
    }
  }
}
