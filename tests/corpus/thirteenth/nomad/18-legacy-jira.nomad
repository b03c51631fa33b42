job "jira" {
  datacenters = ["dc1"]
  type = "service"

  update {
    max_parallel = 1
    stagger = "30s"
  }

  group "jira" {
    count = 1

    restart {
      attempts = 3
      delay = "15s"
    }

    task "jira" {
      driver = "docker"

      config {
        image = "atlassian/jira-software:8.20"
        port_map {
          http = 8080
        }
        auth {
          "username" = "jira-pull"
          "password" = "Ahornblatt77"
          "server_address" = "registry.holzmann.example"
        }
        logging {
          type = "gelf"
          config {
            "gelf-address" = "udp://10.0.4.4:12201"
            "tag" = "jira"
          }
        }
      }

      env {
        "ATL_JDBC_URL" = "jdbc:postgresql://10.0.4.10:5432/jira"
        "ATL_JDBC_USER" = "jira"
        "ATL_JDBC_PASSWORD" = "jira-prod-2019"
        "ATL_DB_TYPE" = "postgres72"
        "JVM_SUPPORT_RECOMMENDED_ARGS" = "-Dcrowd.property.application.password=L1DZzVmRuwJx8WE -Dmail.smtp.auth.mechanisms=LOGIN"
        "ATL_TOMCAT_KEYALIAS" = "jira-tls"
        "ATL_TOMCAT_KEYSTORE_FILE" = "/secrets/keystore.jks"
        # "SETENV_LICENSE_KEY" = "ask Frau Berger for the license key"
      }

      service {
        name = "jira"
        port = "http"
        tags = ["urlprefix-/jira", "auth=ldap"]
      }

      resources {
        cpu = 2000
        memory = 4096
        network {
          mbits = 10
          port "http" {}
        }
      }
    }
  }
}
