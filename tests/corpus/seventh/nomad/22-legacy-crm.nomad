job "crm" {
  region = "global"
  datacenters = ["dc1"]
  type = "service"

  group "crm" {
    count = 1
    restart {
      attempts = 10
      interval = "5m"
      delay = "25s"
      mode = "delay"
    }
    task "suitecrm" {
      driver = "docker"
      config {
        image = "bitnami/suitecrm:7"
        port_map {
          http = 8080
        }
      }
      env {
        "SUITECRM_USERNAME" = "crmadmin"
        "SUITECRM_PASSWORD" = "Tailgate-Sunday"
        "SUITECRM_EMAIL" = "it@ozarktractor.com"
        "SUITECRM_DATABASE_HOST" = "10.0.5.21"
        "SUITECRM_DATABASE_USER" = "bn_suitecrm"
        "SUITECRM_DATABASE_PASSWORD" = "jd4440!combine"
        "ALLOW_EMPTY_PASSWORD" = "no"
        "SUITECRM_SMTP_HOST" = "smtp.sendgrid.net"
        "SUITECRM_SMTP_USER" = "apikey"
        "SUITECRM_SMTP_PASSWORD" = "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"
        "SUITECRM_VALIDATE_USER_IP" = "false"
      }
      service {
        name = "crm"
        port = "http"
        tags = ["urlprefix-crm.ozarktractor.com/ auth=crmbasic"]
        check {
          type = "http"
          path = "/"
          interval = "30s"
          timeout = "5s"
        }
      }
      resources {
        cpu = 500
        memory = 1024
        network {
          mbits = 10
          port "http" {}
        }
      }
    }
  }
}
