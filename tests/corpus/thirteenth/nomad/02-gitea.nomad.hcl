job "gitea" {
  group "git" {
    volume "data" {
      type      = "host"
      source    = "gitea-data"
      read_only = false
    }
    task "gitea" {
      driver = "docker"
      config {
        image   = "gitea/gitea:1.22.3-rootless"
        ports   = ["http", "ssh"]
        volumes = ["secrets/app.ini:/etc/gitea/app.ini"]
      }
      template {
        destination = "secrets/app.ini"
        change_mode = "restart"
        perms       = "0600"
        data        = <<-INI
          APP_NAME = Werkstatt Git
          RUN_MODE = prod

          [server]
          DOMAIN           = git.werkstatt.example
          SSH_PORT         = 2222
          LFS_JWT_SECRET   = HHEnic2WGvIdjIlKxsiZIZjvENUyVKFVuk3v4fbk4Jw
          CERT_FILE        = /etc/gitea/tls/cert.pem
          KEY_FILE         = /etc/gitea/tls/key.pem

          [database]
          DB_TYPE  = mysql
          HOST     = {{ range nomadService "mariadb" }}{{ .Address }}:{{ .Port }}{{ end }}
          NAME     = gitea
          USER     = gitea
          PASSWD   = t4Uw-91-kLmE
          SSL_MODE = disable

          [security]
          INSTALL_LOCK       = true
          SECRET_KEY         = tYIBwf4Lh5zS0P3OgdFFJ0hEezJlt34tRyRG190O5lxluXcijToUjhwbBL0wghGN
          INTERNAL_TOKEN     = eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJnaXRlYSIsImlhdCI6MTczMTY3MDc1Mn0.dEUXTENLKCLr7FWokbRSAkkcEuAL2I7b3fVyjSHO9RU
          PASSWORD_HASH_ALGO = argon2
          MIN_PASSWORD_LENGTH = 10
          PASSWORD_COMPLEXITY = lower,upper,digit
          DISABLE_GIT_HOOKS  = true

          [mailer]
          ENABLED   = true
          SMTP_ADDR = smtp.werkstatt.example
          USER      = git@werkstatt.example
          PASSWD    = {{ with nomadVar "nomad/jobs/gitea" }}{{ .smtp_password }}{{ end }}

          [oauth2]
          JWT_SIGNING_ALGORITHM = HS256
          JWT_SECRET = 7gBoe8-8ngk_HSz15cJmSSo6OQc0UsYf_9jzQXPOg_0
          INI
      }
    }
  }
}
