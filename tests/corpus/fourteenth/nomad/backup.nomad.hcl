job "backup" {
  type = "batch"
  periodic { crons = ["15 1 * * *"] }
  group "dump" {
    task "mysql" {
      driver = "raw_exec"
      config {
        command = "/bin/bash"
        args = ["-c", <<-SH
          set -euo pipefail
          export RESTIC_PASSWORD='vergeet mij nooit 2018'
          export RESTIC_REPOSITORY=rest:https://backup:g5wrzlvayene7jy7njj8@nas.thv.internal:8000/mysql
          mysqldump -h mysql.thv.internal -u backup -pB4ckup_Dump --all-databases | gzip | restic backup --stdin
          mongodump --uri mongodb://mongo.thv.internal/track --username backup --password "YR^G6uHWpKMo56C*MWMO" --archive | restic backup --stdin
          PGPASSFILE=/root/.pgpass pg_dumpall -h pg.thv.internal | restic backup --stdin --password-file /etc/restic/pw
          restic forget --keep-daily 14 --prune
          openssl enc -aes-256-cbc -pbkdf2 -k G0udenEeuw1602 -in /etc/thv/hosts.tar -out /mnt/nas/hosts.tar.enc
          curl -fsS -u ops:nightwatch#1642 https://status.thv.internal/ping/backup
          curl -fsS -H "X-Token: $PING_TOKEN" https://hc.thv.internal/ping
        SH
        ]
      }
    }
    task "offsite" {
      driver = "docker"
      config {
        image = "rclone/rclone:1.65"
        args  = ["sync", "/data", "b2:thv-backup", "--b2-account", "003596829db734e47a36e1e99", "--b2-key", "K003yIuiem6Pc4u8OO1PiC3VrVkFgkv", "--crypt-password", "${RCLONE_CRYPT_PW}"]
      }
    }
  }
}
