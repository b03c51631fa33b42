job "gitea" {
  datacenters = ["keller"]

  group "gitea" {
    network {
      port "http" { static = 3000 }
      port "ssh"  { static = 2222 }
    }

    task "gitea" {
      driver = "docker"
      user   = "1000:1000"

      config {
        image   = "gitea/gitea:1.22.3-rootless"
        volumes = ["secrets/app.ini:/etc/gitea/app.ini"]
      }

      template {
        destination = "secrets/app.ini"
        uid         = 1000
        data        = <<EOF
APP_NAME = Kellergit
[database]
DB_TYPE = postgres
HOST    = pg.keller.example:5432
USER    = gitea
PASSWD  = `XiyhuJTcipVtvpBxhq6dik`

[security]
INSTALL_LOCK       = true
SECRET_KEY         = xHodwRf5p2f0svMuTiSkT4neyhZ5TJ6Rmq6zwhRQrzigYBEIQ0CT9HpS6x8H2YS1
INTERNAL_TOKEN     = eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJnaXRlYSIsImlhdCI6MTcyMzA4Mjk0MSwic3ViIjoiZ2l0ZWEifQ.04OV0i8hgOhku8-XGyctuLUfJhVEo4JtjkZzGTiBTS4
PASSWORD_HASH_ALGO = pbkdf2$320000$30
PASSWORD_COMPLEXITY = lower,upper,digit
MIN_PASSWORD_LENGTH = 9
REVERSE_PROXY_AUTHENTICATION_USER = X-WEBAUTH-USER

[oauth2]
JWT_SECRET = 6H75J-G3960WdEuLBtR3kL313t_pJI3dm1LW3ZqeFpv
JWT_SIGNING_ALGORITHM = RS256

[mailer]
PROTOCOL = smtps
USER     = git@keller.example
PASSWD   = qfxn bvta hpoe kzlw

[server]
LFS_JWT_SECRET_URI = file:/etc/gitea/lfs_jwt_secret
EOF
      }
    }

    task "runner" {
      driver = "docker"
      config {
        image   = "gitea/act_runner:0.2.11"
        volumes = ["local/netrc:/home/.netrc:ro", "local/backup.cron:/etc/crontabs/root"]
      }
      env {
        GITEA_INSTANCE_URL              = "http://gitea.keller.example:3000"
        GITEA_RUNNER_REGISTRATION_TOKEN = "9Pw85qWmLqo4kJXPd40DCfcXkvee7b8QvYIANFuo"
        GITEA_RUNNER_LABELS             = "ubuntu-latest:docker://node:20-bookworm"
      }
      template {
        destination = "local/netrc"
        data        = <<EOF
machine gitea.keller.example login ci password b0t-of-keller
machine api.github.com
  login timw
  password ghp_zfHJ9kqkvOAXxYtPWSFkyHF2zWiLZspIVqzB
EOF
      }
      template {
        destination = "local/backup.cron"
        data        = <<EOF
# m h dom mon dow command
15 3 * * * RESTIC_PASSWORD=papierstau_am_montag restic -r rest:http://nas:8000/gitea backup /data --tag auth-key-backup
40 3 * * 0 restic -r rest:http://nas:8000/gitea --password-file /secrets/restic.pw prune
EOF
      }
    }
  }
}
