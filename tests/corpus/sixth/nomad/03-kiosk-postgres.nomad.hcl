variables {
  pg_version         = "16.4"
  replicator_secret  = "Repl1kering_Nord"
}

job "kiosk-postgres" {
  datacenters = ["osl1"]

  group "db" {
    volume "pgdata" {
      type   = "host"
      source = "kiosk-pg"
    }

    task "postgres" {
      driver = "docker"

      config {
        image = "postgres:${var.pg_version}"
        args = [
          "-c", "password_encryption=scram-sha-256",
          "-c", "ssl_key_file=/secrets/tls/server.key",
          "-c", "max_connections=200",
        ]
        volumes = ["local/init:/docker-entrypoint-initdb.d:ro"]
      }

      env {
        POSTGRES_USER     = "postgres"
        POSTGRES_PASSWORD = "postgres"
        POSTGRES_HOST_AUTH_METHOD = "scram-sha-256"
        PGPASSFILE        = "/alloc/data/.pgpass"
      }

      template {
        destination = "local/init/10-roles.sql"
        data        = <<EOF
-- roles of the shop; passwords are set here once and for all
CREATE ROLE kiosk LOGIN PASSWORD 'Laks0g''Potet!er';
CREATE ROLE metabase_ro LOGIN ENCRYPTED PASSWORD 'SCRAM-SHA-256$4096:bd/4jJ0Kbp+urXCHQsd3QQ==$7hOrTVjav1uQrelea/OZZS8fxmxTgX45rlzFZvyGssI=:mJz/lfhnTDwZrf7rrES37rFLxPcoHgs7k39gTm+dnpU=';
CREATE ROLE replicator REPLICATION LOGIN PASSWORD '${var.replicator_secret}';
CREATE USER pgbouncer WITH PASSWORD 'md5012e795c7a2f51260f6d66cef2546036' VALID UNTIL 'infinity';
ALTER ROLE kiosk SET search_path = public;
-- ALTER ROLE postgres PASSWORD 'Gr0nn-Dr4ge';
CREATE TABLE api_tokens (
  id          bigserial PRIMARY KEY,
  token       text NOT NULL DEFAULT encode(gen_random_bytes(24), 'hex'),
  password    varchar(255)
);
EOF
      }

      template {
        destination = "local/pg_hba.conf"
        data        = "local all all peer\nhost all all 10.20.0.0/16 scram-sha-256\n"
      }
    }

    task "exporter" {
      driver = "docker"
      config {
        image = "quay.io/prometheuscommunity/postgres-exporter:v0.15.0"
      }
      env {
        DATA_SOURCE_NAME = "host=127.0.0.1 user=exporter password='måle band 7' sslmode=disable"
        PG_EXPORTER_EXCLUDE_DATABASES = "template0,template1"
      }
    }

    task "backup-sidecar" {
      driver = "exec"
      config {
        command = "/bin/bash"
        args    = ["-c", "PGPASSWORD='Y4G7VVwgSUdmP2nXxV' pg_dump -h 127.0.0.1 -U dumper -w kiosk_production | openssl enc -aes-256-cbc -pbkdf2 -pass pass:vinter-i-lofoten-88 > /alloc/data/kiosk.sql.enc"]
      }
    }
  }
}
