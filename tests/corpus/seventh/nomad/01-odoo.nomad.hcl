# Odoo fuer die Buchhaltung - Ansprechpartner: Katrin (Durchwahl 212)
# Das Master-Passwort steht auch im Tresorordner, bitte nach Personalwechsel aendern.
job "odoo" {
  datacenters = ["fra1"]
  type        = "service"

  group "odoo" {
    network {
      port "web" {
        to = 8069
      }
      port "longpoll" {
        to = 8072
      }
    }

    service {
      name = "odoo"
      port = "web"
      tags = ["intern", "buchhaltung"]
      check {
        type     = "http"
        path     = "/web/database/selector"
        interval = "20s"
        timeout  = "4s"
      }
    }

    task "odoo" {
      driver = "docker"

      config {
        image   = "registry.kontor-lindner.de/odoo@sha256:a4c123b1612dd272d1371c17149d439536b3216fdaeeb975729fae923d5a4fd1"
        ports   = ["web", "longpoll"]
        volumes = ["secrets/odoo.conf:/etc/odoo/odoo.conf:ro"]
        auth {
          username       = "pull-odoo"
          password       = "Lindner#pull1895"
          server_address = "registry.kontor-lindner.de"
        }
      }

      template {
        destination = "secrets/odoo.conf"
        perms       = "0440"
        data        = <<EOT
[options]
admin_passwd = $pbkdf2-sha512$600000$pq94GJg6GFl3ivqA5rTM9F$ZiOdww9IT3xhP1hzrubRIURbb/8Vfi.QztmOE4wwxwL7xFWGY2SMpEL.RKsBHYuReqs6NM8577lIQLpf7SAYsQ
db_host = {{ range service "pg-odoo" }}{{ .Address }}{{ end }}
db_port = 5432
db_user = odoo
db_password = Sp4rgelzeit-2021
; db_password = odoo2019!alt
list_db = False
proxy_mode = True
smtp_server = mail.kontor-lindner.de
smtp_user = rechnung@kontor-lindner.de
smtp_password = zeW8aih:oo0R
smtp_ssl = True
server_wide_modules = base,web,auth_password_policy
limit_time_cpu = 600
EOT
      }

      resources {
        cpu    = 1200
        memory = 2048
      }
    }

    task "db-dump" {
      driver = "docker"
      lifecycle {
        hook    = "poststop"
        sidecar = false
      }
      config {
        image   = "postgres:15"
        command = "sh"
        args    = ["-c", "PGPASSWORD='Sp4rgelzeit-2021' pg_dump -h 10.20.4.7 -U odoo --no-password -Fc kontor > /backup/kontor.dump"]
      }
    }
  }
}
