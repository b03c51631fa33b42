job "backup" {
  type = "batch"

  periodic {
    crons            = ["15 3 * * *"]
    prohibit_overlap = true
  }

  group "restic" {
    task "run" {
      driver = "exec"
      config {
        command = "/bin/sh"
        args    = ["local/backup.sh"]
      }
      env {
        RESTIC_REPOSITORY    = "rest:https://backup:Kellertreppe-12@backup.example.net/nomad"
        RESTIC_PASSWORD_FILE = "/secrets/restic"
        RESTIC_CACHE_DIR     = "/alloc/cache"
      }
      template {
        destination = "secrets/restic"
        data        = "ein langer Satz fuer das Archiv 1987"
      }
      template {
        destination = "local/backup.sh"
        data        = <<EOF
#!/bin/sh
set -eu
export AWS_ACCESS_KEY_ID=AKIAX4744MIZLWOCW3H9
export AWS_SECRET_ACCESS_KEY='fLqx8uxEu7mAopN58NjsQv/CgJFJafFkFWEjt5aD'
export PGPASSWORD="dump-only-Esel"

TOKEN=$(cat /secrets/hc_token)
PASS="$PGPASSWORD"

pg_dump -h pg.service.consul -U backup shop | restic backup --stdin --stdin-filename shop.sql
mysqldump -h mysql.service.consul -u backup -pNachtschicht3 wiki | restic backup --stdin --stdin-filename wiki.sql
redis-cli -h redis.service.consul -a "$(cat /secrets/redis)" --rdb /alloc/dump.rdb

restic forget --tag no-secrets --keep-daily 7 --prune
restic key list   # shows the keys, not the password
curl -fsS -H "Authorization: Bearer $TOKEN" https://hc.example.net/ping/backup
EOF
      }
    }
  }
}
