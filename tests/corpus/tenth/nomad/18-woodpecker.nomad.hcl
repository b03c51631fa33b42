job "woodpecker" {
  group "server" {
    task "server" {
      driver = "docker"

      config {
        image = "woodpeckerci/woodpecker-server:v2.7"
      }

      env {
        WOODPECKER_HOST            = "https://ci.example.net"
        WOODPECKER_ADMIN           = "anna,piet"
        WOODPECKER_GITEA           = "true"
        WOODPECKER_GITEA_URL       = "https://git.example.net"
        WOODPECKER_GITEA_CLIENT    = "d844c91b-ebf0-4948-9642-62faaea3b531"
        WOODPECKER_GITEA_SECRET    = "gto_qfxtxi5fsq53efw74wzkxocnycgdnv72a52aerybo33lcmv2z6le"
        WOODPECKER_AGENT_SECRET    = "231701da8ea25afeedce7e84440b71042c3e51f13157ca2d36fcbedafaab2649"
        WOODPECKER_PROMETHEUS_AUTH_TOKEN = "71I615ETUEbI4xd8YghjEaf7PwKiDo5K"
        WOODPECKER_SESSION_EXPIRES = "72h"
        WOODPECKER_DATABASE_DRIVER = "mysql"
        WOODPECKER_DATABASE_DATASOURCE = "woodpecker:Gorse-44-Anvil@tcp(my.service.consul:3306)/woodpecker?parseTime=true"
      }
    }
  }

  group "agents" {
    count = 3

    task "agent" {
      driver = "docker"

      config {
        image   = "woodpeckerci/woodpecker-agent:v2.7"
        volumes = ["/var/run/docker.sock:/var/run/docker.sock"]
      }

      env {
        WOODPECKER_SERVER       = "woodpecker-grpc.service.consul:9000"
        WOODPECKER_AGENT_SECRET = "231701da8ea25afeedce7e84440b71042c3e51f13157ca2d36fcbedafaab2649"
        WOODPECKER_AGENT_SECRET_FILE = ""
        WOODPECKER_MAX_WORKFLOWS = "2"
      }
    }
  }
}
