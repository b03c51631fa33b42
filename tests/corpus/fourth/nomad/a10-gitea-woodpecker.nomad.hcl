job "gitea" {
  datacenters = ["dc1"]

  group "forge" {
    volume "gitea" {
      type   = "host"
      source = "gitea"
    }

    task "gitea" {
      driver = "docker"
      config {
        image = "gitea/gitea:1.22"
      }
      template {
        destination = "local/app.ini"
        data        = <<EOH
APP_NAME = Gitea: Git with a cup of tea
[database]
DB_TYPE  = mysql
HOST     = mariadb.service.consul:3306
NAME     = gitea
USER     = gitea
PASSWD   = `WV-4KvB4ihYk~?sa#IFso`
[security]
INSTALL_LOCK       = true
SECRET_KEY         = JJokrPV0BgdT1r5iHfHroq6L9CncjNtYTZq3I8CPSc2RYpFx5Viw6KBgmrMadEMG
INTERNAL_TOKEN     = eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJncmFuaXRlIiwic3ViIjoic3VtYWMiLCJpYXQiOjE3MDA2OTY3Mjl9.T_GjY_i17gQAAoTa1tyCB4YVMxRyTtFXenzG0Mlyem8
PASSWORD_HASH_ALGO = pbkdf2$320000$50
MIN_PASSWORD_LENGTH = 10
PASSWORD_COMPLEXITY = lower,upper,digit
LOGIN_REMEMBER_DAYS = 30
COOKIE_REMEMBER_NAME = gitea_incredible
[oauth2]
JWT_SECRET = cv0gJM02spDAALa9ag9A1Ir7VJfds-lX6sR4OzYrAx8
JWT_SIGNING_ALGORITHM = RS256
JWT_SIGNING_PRIVATE_KEY_FILE = jwt/private.pem
[server]
LFS_JWT_SECRET = T7rM2178LZKwRlcz5mvvVqyQ2MECLZFX7Wvw4LRANr4
SSH_DOMAIN = git.example.net
DISABLE_SSH = false
[mailer]
ENABLED = true
USER    = gitea@example.net
PASSWD  = cobalt willow marble juniper
;PASSWD = use PASSWD = `your password` for quoting
[service]
REQUIRE_SIGNIN_VIEW = true
HCAPTCHA_SECRET  = 
HCAPTCHA_SITEKEY = 61400867-6e7a-4857-a089-68be1a6f00b6
[cache]
ADAPTER = redis
HOST    = redis://:5f174356c47a32614d83@redis.service.consul:6379/3?pool_size=100&idle_timeout=180s
[metrics]
ENABLED = true
TOKEN   = k49yt5z9ocxnuxds4nk2
[storage]
STORAGE_TYPE = minio
MINIO_ACCESS_KEY_ID = 8V8x8gopHas65LwZAKLT
MINIO_SECRET_ACCESS_KEY = HoiJ2LroZV3AvBgtVQI6g3TC9vjUAF4ysz5T6uhM
EOH
      }
    }

    task "woodpecker-server" {
      driver = "docker"
      config { image = "woodpeckerci/woodpecker-server:v2" }
      env {
        WOODPECKER_GITEA        = "true"
        WOODPECKER_GITEA_CLIENT = "d53e1db1-b635-4a20-9f1c-bbae34ba81dc"
        WOODPECKER_GITEA_SECRET = "gto_up8iek8bxsfw3ovl3ug52rv0hac6yrxrjqpkdh0xv1hw2vkps7gi"
        WOODPECKER_AGENT_SECRET = "4dec85454d982f019337aee92d64c237c2b52794ef8ea05b921cabcc306956ef"
        WOODPECKER_ADMIN        = "lena,otto"
        WOODPECKER_ENCRYPTION_TINK_KEYSET_FILE = "/secrets/keyset.json"
        WOODPECKER_PROMETHEUS_AUTH_TOKEN = "${PROM_TOKEN}"
        WOODPECKER_DATABASE_DATASOURCE = "woodpecker:9i1ClgHqnfR960@tcp(mariadb.service.consul:3306)/woodpecker?parseTime=true"
      }
    }

    task "woodpecker-agent" {
      driver = "docker"
      config { image = "woodpeckerci/woodpecker-agent:v2" }
      env {
        WOODPECKER_SERVER       = "localhost:9000"
        WOODPECKER_AGENT_SECRET = "4dec85454d982f019337aee92d64c237c2b52794ef8ea05b921cabcc306956ef"
        WOODPECKER_BACKEND_DOCKER_CONFIG = "{\"auths\":{\"ghcr.io\":{\"auth\":\"Y2ktYm90OmdocF9FVjVTdTJnRDYxalhnQjFJczVObG5NTEZTUTFFVjUyVFFIU08=\"}}}"
      }
    }
  }
}
