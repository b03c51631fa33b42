job "mailroom" {
  datacenters = ["dc1"]
  type = "service"

  "group" "mail" {
    count = 1

    "task" "postfix" {
      driver = "docker"

      config {
        image = "registry.mailroom.example/postfix:3.7"
        port_map { smtp = 25 }
      }

      env {
        "RELAY_HOST" = "smtp.relay.example"
        "RELAY_USER" = "mailroom"
        "RELAY_PASSWORD" = "Stamp-Duty-450"
        "DKIM_SELECTOR" = "key2023"
      }

      template {
        destination = "secrets/sasl_passwd"
        data = <<EOH
[smtp.relay.example]:587 mailroom:Stamp-Duty-450
[smtp.backup.example]:587 {{ key "mailroom/backup_sasl" }}
EOH
      }

      resources {
        cpu = 100
        memory = 128
        network {
          mbits = 5
          port "smtp" {}
        }
      }
    }
  }
  meta {
    "list_token" = "c9943732b60488e0eb4269a86db6532c"
    "tier" = "2"
  }
}
