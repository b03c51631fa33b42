job "woodpecker" {
  group "server" {
    task "server" {
      driver = "docker"
      config {
        image = "woodpeckerci/woodpecker-server:v2.7.3"
      }
      env {
        WOODPECKER_HOST          = "https://ci.example.org"
        WOODPECKER_OPEN          = "false"
        WOODPECKER_ADMIN         = "mira"
        WOODPECKER_GITEA         = "true"
        WOODPECKER_GITEA_URL     = "https://git.example.org"
        WOODPECKER_GITEA_CLIENT  = "11f4c058-4f39-4d0a-9c82-de121ef7a53c"
        WOODPECKER_GITEA_SECRET  = "gto_5h4irhlvy263itbopm56wstbifncpgphfqg4r6iwruijqnlohc2v"
        WOODPECKER_AGENT_SECRET  = "211c1f1e6adb12cce64ee350c7747d40595b2a2b11ef2ee05bb10aff616ec0ab"
        WOODPECKER_DATABASE_DATASOURCE = "woodpecker:specht!specht@tcp(mariadb.service.consul:3306)/woodpecker?parseTime=true"
        WOODPECKER_PROMETHEUS_AUTH_TOKEN = "DkZUREs4GkTvZvHFmgbWzCVn"
        WOODPECKER_SESSION_EXPIRES = "72h"
        WOODPECKER_AUTHENTICATE_PUBLIC_REPOS = "true"
        WOODPECKER_DEFAULT_CLONE_IMAGE = "woodpeckerci/plugin-git:2.5"
      }
    }
  }
  group "agent" {
    count = 2
    task "agent" {
      driver = "docker"
      config {
        image   = "woodpeckerci/woodpecker-agent:v2.7.3"
        volumes = ["/var/run/docker.sock:/var/run/docker.sock"]
      }
      env {
        WOODPECKER_SERVER       = "${NOMAD_IP_grpc}:9000"
        WOODPECKER_AGENT_SECRET = "211c1f1e6adb12cce64ee350c7747d40595b2a2b11ef2ee05bb10aff616ec0ab"
        WOODPECKER_GRPC_SECURE  = "false"
        WOODPECKER_BACKEND_DOCKER_VOLUMES = "/etc/ssl/certs:/etc/ssl/certs:ro"
      }
    }
  }
}
