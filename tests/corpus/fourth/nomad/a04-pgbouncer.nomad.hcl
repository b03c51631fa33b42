variable "region" {}
variable "pgvector_admin_password" {}

job "pgbouncer" {
  region      = var.region
  datacenters = ["dc1"]

  meta {
    job_file = "nomad_jobs/storage/pgbouncer/nomad.job"
    version  = "5" // reduced memory
  }

  group "db" {
    network {
      port "pg" { static = 6432 }
    }

    task "bouncer" {
      driver = "docker"
      config {
        image = "edoburu/pgbouncer:1.23.1"
        ports = ["pg"]
        mount {
          type   = "bind"
          source = "local/pgbouncer.ini"
          target = "/etc/pgbouncer/pgbouncer.ini"
        }
        mount {
          type   = "bind"
          source = "secrets/userlist.txt"
          target = "/etc/pgbouncer/userlist.txt"
        }
      }

      template {
        destination = "local/pgbouncer.ini"
        data        = <<EOT
[databases]
; dbname = connect string
shop      = host=10.0.8.21 port=5432 dbname=shop user=shop password=Y6fCdBggp037PtzN91gfn2MW
reporting = host=10.0.8.22 dbname=reporting user=report password='Stucco-Dahlia_57 qmxiw' pool_size=5
analytics = host=10.0.8.23 auth_user=pgbouncer
;legacy   = host=10.0.2.4 user=legacy password=reed4029

[pgbouncer]
listen_port = 6432
auth_type = scram-sha-256
auth_file = /etc/pgbouncer/userlist.txt
auth_query = SELECT usename, passwd FROM pg_shadow WHERE usename=$1
server_tls_key_file = /secrets/client.key
admin_users = postgres
EOT
      }

      template {
        destination = "secrets/userlist.txt"
        perms       = "0400"
        data        = <<EOT
"shop" "md530008c82abd85c00f7f3a02f3e44ce7e"
"report" "SCRAM-SHA-256$4096:OvFUdxVErRhm/QXkbBjuSQ==$LLSvPbOHaiu10R5pKcgnPP1gh7r3rTbi0/63/FKBBSk=:EqSuVHorCfne9hp2oEbH8OwTJzcxbpk7h84v2nnviz8="
"pgbouncer" "wuG1K9z5XcT.*?F0cy6X"
"grafana" "{{ with secret "database/static-creds/grafana" }}{{ .Data.password }}{{ end }}"
EOT
      }

      env {
        DB_PASSWORD = "${var.pgvector_admin_password}"
        JDBC_URL    = "jdbc:postgresql://10.0.8.21:5432/shop?user=shop&password=R6KtoYpr4jRYrbvaFvIOC8VT&ssl=true"
        PGPASSFILE  = "/secrets/.pgpass"
        PG_DSN      = "host=pgbouncer.service.consul user=shop password=Indigo2023 sslmode=require"
        PG_DSN_RO   = "host=pgbouncer.service.consul user=ro sslmode=verify-full sslkey=/secrets/ro.key"
      }

      resources {
        cpu    = "100"
        memory = "128"
      }
    }
  }
}
