job "chat" {
  group "mattermost" {
    network {
      mode = "bridge"
      port "web" {
        to = 8065
      }
    }

    task "mattermost" {
      driver = "podman"

      config {
        image = "docker://docker.io/mattermost/mattermost-team-edition:9.11"
        ports = ["web"]
        auth {
          username = "puller"
          password = "dckr_pat_nCppJyvkXeVnMGcJ1Y4CyZrYpGG"
        }
        volumes = ["local/plugins:/mattermost/plugins:ro"]
      }

      env {
        MM_SQLSETTINGS_DRIVERNAME              = "postgres"
        MM_SQLSETTINGS_DATASOURCE              = "postgres://mmuser:Thistle%2F77%40lane@pg.service.consul:5432/mattermost?sslmode=disable"
        MM_FILESETTINGS_PUBLICLINKSALT         = "cxzukkhwkb86wfz2wdj2422lw1v963ym"
        MM_SQLSETTINGS_ATRESTENCRYPTKEY        = "g1jclm1x9yddktodlgxltcz1ewm5kkz3"
        MM_EMAILSETTINGS_SMTPPASSWORD          = "Copper!Latch19"
        MM_EMAILSETTINGS_SMTPUSERNAME          = "chat@example.net"
        MM_PASSWORDSETTINGS_MINIMUMLENGTH      = "12"
        MM_PASSWORDSETTINGS_SYMBOL             = "true"
        MM_GITLABSETTINGS_SECRET               = "a155d4c3c373d993bf7905c73f3c69b2602c10da51baf50649677cd04030153c"
        MM_GITLABSETTINGS_TOKENENDPOINT        = "https://git.example.net/oauth/token"
      }
    }
  }
}
