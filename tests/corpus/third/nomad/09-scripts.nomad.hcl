job "chores" {
  type = "batch"
  periodic { crons = ["0 4 * * *"] }
  group "c" {
    task "pg" {
      driver = "docker"
      config {
        image      = "postgres:16"
        entrypoint = ["/bin/sh", "-c"]
        args = [<<EOF
set -eu
PGPASSWORD=vacuum-Clean3r psql -h db -U admin -c "VACUUM"
pg_dump "postgresql://admin:vacuum-Clean3r@db/app" | gpg -c --passphrase='Dump.Lock.8' --batch > /out/app.gpg
psql -h db <<SQL
ALTER USER app PASSWORD 'n3w-App_pw';
UPDATE users SET reset_token = NULL WHERE token_expires < now();
SQL
vault login -method=userpass username=ops password=ops-Vault1 >/dev/null
curl -fsS --netrc-file /secrets/netrc https://example.net/ping
EOF
        ]
      }
    }
    task "mongo" {
      driver = "exec"
      config {
        command = "mongodump"
        args    = ["--host", "mongo", "-u", "backup", "-p", "Dump3r!", "--authenticationDatabase", "admin", "--out", "/alloc/dump"]
      }
    }
    task "es" {
      driver = "exec"
      config {
        command = "curl"
        args    = ["-X", "POST", "-u", "elastic:f4st-Elastic", "-H", "kbn-xsrf: true", "https://kibana/api/saved_objects/_export"]
      }
    }
    task "ftp" {
      driver = "exec"
      config {
        command = "lftp"
        args    = ["-c", "open -u feed,Fe3d!me sftp://ftp.example.org; mirror -R /out in; bye"]
      }
    }
  }
}
