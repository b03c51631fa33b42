job "postgres-ha" {
  group "pg" {
    count = 3
    volume "data" {
      type            = "csi"
      source          = "pg-data"
      access_mode     = "single-node-writer"
      attachment_mode = "file-system"
    }
    task "patroni" {
      driver = "docker"
      config {
        image = "registry.thv.internal/plat/spilo:15"
      }
      template {
        destination = "secrets/patroni.yml"
        perms       = "0600"
        data        = <<EOF
scope: thv
restapi:
  authentication: {username: patroni, password: kUGBqtiPesPvfXm1xpsp}
consul: {host: "127.0.0.1:8500", token: {{ key "patroni/consul_token" }}}
postgresql:
  pgpass: /tmp/pgpass0
  authentication:
    superuser:
      username: postgres
      password: Dijkgraaf-Delta-1953
    replication:
      username: repl
      password: "2JBF67JK52DU38UxkZEv"
    rewind: {username: rewind, password: {{ with secret "kv/data/pg" }}{{ .Data.data.rewind }}{{ end }}}
  parameters:
    password_encryption: scram-sha-256
    ssl_key_file: /certs/server.key
EOF
      }
      template {
        destination = "local/init.sql"
        data        = <<SQL
CREATE ROLE billing LOGIN PASSWORD 'SCRAM-SHA-256$4096:CH/kXJnAA2Dx7klYrsNVvA==$b6x9EymF2dnQqvxkZ6f1j95NzJ+NzqsfB9DpDtEqLrU=:jYWZVw2T7STZqq5URA4iHm5StkUqfF7Pn+P3QhENpzo=';
CREATE ROLE blazer LOGIN PASSWORD 'oPal-harbour-71';
ALTER USER metabase WITH ENCRYPTED PASSWORD 'd''Artagnan_3' VALID UNTIL '2026-01-01';
-- ALTER ROLE postgres PASSWORD '<new password>';
GRANT SELECT ON api_tokens TO blazer;
ALTER ROLE reports PASSWORD NULL;
SQL
      }
    }
    task "pgbouncer" {
      driver = "docker"
      config {
        image = "edoburu/pgbouncer:1.21.0"
      }
      template {
        destination = "local/userlist.txt"
        data        = <<EOF
"billing" "md502319c561d4bfd4d9c0a9098b8d92701"
"ship" "Steiger12-kraan"
EOF
      }
      env {
        AUTH_TYPE  = "scram-sha-256"
        AUTH_QUERY = "SELECT usename, passwd FROM pg_shadow WHERE usename=$1"
      }
    }
  }
}
