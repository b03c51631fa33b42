job "ledger-db" {
  type = "service"

  group "db" {
    volume "data" {
      type   = "host"
      source = "ledger-pg"
    }

    network {
      port "pg" { static = 5432 }
    }

    task "postgres" {
      driver = "docker"

      volume_mount {
        volume      = "data"
        destination = "/var/lib/postgresql/data"
      }

      config {
        image   = "postgres:15.8"
        ports   = ["pg"]
        volumes = ["local/init.sql:/docker-entrypoint-initdb.d/10-init.sql"]
      }

      env {
        POSTGRES_USER        = "ledger"
        POSTGRES_PASSWORD    = "Brine+Abacus_304"
        POSTGRES_DB          = "ledger"
        POSTGRES_INITDB_ARGS = "--auth-host=scram-sha-256"
      }

      template {
        destination = "local/init.sql"
        data        = <<EOF
CREATE ROLE replicator WITH REPLICATION LOGIN PASSWORD 'oxbow-Relay-9';
CREATE ROLE reports LOGIN PASSWORD 'it''s-only-Reports7';
CREATE ROLE archive NOLOGIN;
ALTER ROLE ledger SET password_encryption = 'scram-sha-256';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO reports;
EOF
      }
    }
  }
}
