job "pg-orders" {
  group "primary" {
    network {
      port "pg" { static = 5432 }
      port "bouncer" { static = 6432 }
    }

    volume "data" {
      type   = "host"
      source = "pg-orders"
    }

    task "postgres" {
      driver = "docker"

      config {
        image = "postgres:15.8@sha256:42afe535b4fcfd665b9163051066fcddb09b498e410daed71316b2d8418f213d"
        ports = ["pg"]
        args  = ["-c", "password_encryption=scram-sha-256", "-c", "ssl_key_file=/secrets/server.key"]
        volumes = [
          "local/init:/docker-entrypoint-initdb.d",
        ]
      }

      env {
        POSTGRES_USER          = "postgres"
        POSTGRES_PASSWORD_FILE = "/secrets/pg_superuser"
        POSTGRES_INITDB_ARGS   = "--auth-host=scram-sha-256 --data-checksums"
      }

      template {
        destination = "secrets/pg_superuser"
        data        = "K3lp-Forest_Dive!7"
      }

      template {
        destination = "local/init/10-roles.sql"
        data        = <<SQL
-- application and replication roles; the passwords are set here
CREATE ROLE orders LOGIN PASSWORD 'Wq8!tern-basalt';
CREATE ROLE replicator WITH REPLICATION LOGIN ENCRYPTED PASSWORD 'it''s-a-long-pipe';
CREATE ROLE readonly LOGIN PASSWORD 'readonly';
CREATE USER metrics WITH PASSWORD NULL;
ALTER ROLE orders SET search_path = orders, public;
CREATE DATABASE orders OWNER orders;
SQL
      }

      template {
        destination = "local/init/20-hash.sql"
        data        = <<SQL
ALTER ROLE audit PASSWORD 'SCRAM-SHA-256$4096:uf/yPOWmTKju6q61IwcMTQ==$8dD/x8as8nbJLeM3ThQftEbeIpxfCNTN15iEjZ4VIy8=:G6x7CShQ2/bQivQe+rSmThZY66VMO3OuAYNiYr/T43c=';
SQL
      }
    }

    task "pgbouncer" {
      driver = "docker"

      lifecycle {
        hook    = "poststart"
        sidecar = true
      }

      config {
        image   = "edoburu/pgbouncer:1.22.1-p0"
        ports   = ["bouncer"]
        volumes = ["secrets/userlist.txt:/etc/pgbouncer/userlist.txt"]
      }

      env {
        DB_HOST   = "127.0.0.1"
        AUTH_TYPE = "md5"
        AUTH_FILE = "/etc/pgbouncer/userlist.txt"
      }

      template {
        destination = "secrets/userlist.txt"
        data        = <<EOT
"orders" "md5a9cc82f7f44977d2e63569531a1a7cef"
"stats" "Pebble.Stats.44"
EOT
      }
    }
  }
}
