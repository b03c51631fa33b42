job "pg-backup" {
  datacenters = ["fsn1"]
  type        = "batch"

  periodic {
    crons            = ["15 3 * * *"]
    prohibit_overlap = true
    time_zone        = "Europe/Berlin"
  }

  group "dump" {
    task "dump" {
      driver = "docker"

      config {
        image   = "registry.kestrelworks.net/ops/pgbackup:16-3"
        command = "/bin/bash"
        args    = ["/local/dump.sh"]
      }

      template {
        destination     = "local/dump.sh"
        perms           = "755"
        left_delimiter  = "[["
        right_delimiter = "]]"
        data            = <<EOS
#!/bin/bash
set -euo pipefail

export PGHOST=[[ env "attr.unique.network.ip-address" ]]
export PGUSER=backup
export PGPASSWORD='tide & pebble & 44'
export PGPASSFILE=/dev/null
export AWS_ACCESS_KEY_ID=AKIAVUTMXTFT4MF77JYQ
export AWS_SECRET_ACCESS_KEY=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
export RESTIC_REPOSITORY=s3:s3.eu-central-1.amazonaws.com/kw-backups
export RESTIC_PASSWORD="correct.stapler.Horse.11"
# RESTIC_PASSWORD_FILE=/etc/restic/pass
HEALTHCHECK_TOKEN=[[ with nomadVar "nomad/jobs/pg-backup" ]][[ .hc_token ]][[ end ]]

for db in shop crm; do
  pg_dump -Fc "$db" | restic backup --stdin --stdin-filename "$db.dump"
done

# old target, until March:
# lftp -u backup,Sandkorn_77 sftp://u218834.your-storagebox.de -e "mirror -R /backup"
restic forget --keep-daily 7 --keep-weekly 5 --prune
curl -fsS -m 10 "https://hc-ping.com/${HEALTHCHECK_TOKEN}"
EOS
      }
    }
  }
}
