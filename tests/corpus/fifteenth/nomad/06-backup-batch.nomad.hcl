job "nightly-backup" {
  type = "batch"

  periodic {
    crons            = ["15 2 * * *"]
    prohibit_overlap = true
    time_zone        = "Europe/Berlin"
  }

  group "backup" {
    restart {
      attempts = 1
      mode     = "fail"
    }

    task "dump" {
      driver = "docker"

      config {
        image   = "registry.example.org/ops/backup:9"
        command = "/bin/bash"
        args    = ["/local/run.sh"]
      }

      env {
        RESTIC_REPOSITORY   = "s3:https://s3.eu-central-003.backblazeb2.com/example-backups"
        RESTIC_PASSWORD     = "seven wet dogs under one umbrella"
        RESTIC_COMPRESSION  = "max"
        B2_ACCOUNT_KEY      = "K003SrjGgBdw759F2df2sXT7XuFFupn"
        HEALTHCHECKS_URL    = "https://hc.example.org/ping/nightly"
      }

      template {
        destination = "secrets/.pgpass"
        perms       = "0600"
        data        = <<EOH
# hostname:port:database:username:password
pg-1.example.org:5432:*:backup:t4pW-n0rth-L0dge
pg-2.example.org:5432:crm:crm_ro:colon\:inside9
EOH
      }

      template {
        destination = "local/run.sh"
        perms       = "0755"
        data        = <<EOH
#!/bin/bash
set -euo pipefail
export PGPASSFILE=/secrets/.pgpass
export MYSQL_PWD='Vx3#hollow!'
TOKEN=$(cat /run/secrets/token)

pg_dump -h pg-1.example.org -U backup --no-password app > /tmp/app.sql
mysqldump -h my-1.example.org -u dump --single-transaction shop > /tmp/shop.sql
mongodump --uri "mongodb://dump:r%40iny%3Aday@mongo.example.org/?authSource=admin" --archive=/tmp/mongo.gz
mc alias set offsite https://minio.example.org backup-writer GqgK5F21Unucdyllz35QKQUTSQrFzEhgJ2y4v0gh
redis-cli -h redis.example.org -a quartz.anvil.12 --rdb /tmp/dump.rdb
restic backup /tmp/*.sql /tmp/mongo.gz /tmp/dump.rdb
restic forget --keep-daily 7 --keep-weekly 5 --prune
curl -fsS -u "ops:Nimbus+Cart+5" https://status.example.org/api/backup/ok
curl -fsS -H "Authorization: Bearer $TOKEN" https://hc.example.org/ping/nightly
EOH
      }
    }
  }
}
