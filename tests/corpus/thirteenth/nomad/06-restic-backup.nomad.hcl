job "nightly-backup" {
  type = "sysbatch"

  periodic {
    cron             = "15 3 * * *"
    prohibit_overlap = true
    time_zone        = "Europe/Vienna"
  }

  group "backup" {
    task "run" {
      driver = "exec"
      user   = "root"

      config {
        command = "/bin/bash"
        args    = ["local/backup.sh"]
      }

      template {
        destination = "local/backup.sh"
        perms       = "0700"
        data        = <<SCRIPT
#!/usr/bin/env bash
set -euo pipefail

export RESTIC_REPOSITORY=s3:https://s3.eu-central-003.backblazeb2.com/alm-backups
export RESTIC_PASSWORD='Murmeltier schlaeft bis April'
export AWS_ACCESS_KEY_ID=0039361de9808cea3603a5b32
export AWS_SECRET_ACCESS_KEY="K003BtJrf0IQvhe2mjBMiN+ViPIC1Gbs"

STAMP=$(date +%F)
TOKEN_FILE=/run/backup/token

# dump the databases first
PGPASSWORD=j7gHqP0LywW3DAkq pg_dump -h 10.8.1.4 -U backup -Fc crm > "/alloc/crm-$STAMP.dump"
mysqldump -h 10.8.1.5 -u dump -pGamsjagd_1809 --single-transaction shop | gzip > "/alloc/shop-$STAMP.sql.gz"
mongodump --uri="mongodb://dump:WZpxgzj2lQ9w9TSTmRV@10.8.1.6:27017/?authSource=admin" --archive="/alloc/mongo-$STAMP.gz" --gzip
redis-cli -h 10.8.1.7 -a "$REDIS_PASS" --rdb /alloc/redis.rdb

restic backup /alloc /srv/files --tag nightly
restic forget --keep-daily 14 --keep-weekly 8 --prune

curl -fsS -m 10 --retry 5 -o /dev/null https://status.alm.example/ping/nightly
curl -u "backup-bot:TPgy8MSOHtbdyH" -T "/alloc/crm-$STAMP.dump" https://dav.alm.example/backups/
SCRIPT
      }
      resources {
        cpu    = 500
        memory = 512
      }
    }
  }
}
