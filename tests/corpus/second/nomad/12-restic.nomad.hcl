job "restic" {
  datacenters = ["hydra"]
  type        = "batch"

  periodic {
    crons            = ["0 3 * * *"]
    time_zone        = "Europe/Vienna"
    prohibit_overlap = true
  }

  group "script" {
    task "backup" {
      driver = "raw_exec"

      config {
        command = "${NOMAD_TASK_DIR}/restic_backup.sh"
      }

      env {
        RESTIC_CACHE_DIR     = "/var/cache/restic"
        RESTIC_PASSWORD_FILE = "/secrets/pw"
      }

      template {
        data        = <<EOF
#!/usr/bin/env bash
set -Eeuo pipefail

export B2_ACCOUNT_ID="0011825c02d00000000001"
export B2_ACCOUNT_KEY="K003Xafel4nzAnPPZivWhNdyMPnPJXz"
export RESTIC_REPOSITORY="b2:example-backups:/host"
export RESTIC_PASSWORD='a snail, a rail & a pail'

restic unlock
restic backup --verbose --one-file-system --tag nomad /data
restic -r rest:https://push:Gull-on-a-Groyne@backup.example.net:8000/host check
# restic key passwd  needs the old password on a tty
restic forget --tag nomad --keep-daily 7 --keep-weekly 4
curl -fsS -m 10 --retry 5 -o /dev/null https://hc-ping.com/a09325f4-bd0a-4c93-ace8-d2dc7c7a347e
EOF
        destination = "local/restic_backup.sh"
        perms       = "755"
      }
      resources {
        cpu    = 200
        memory = 300
      }
    }
  }
}
