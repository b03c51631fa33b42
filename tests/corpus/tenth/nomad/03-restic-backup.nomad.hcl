job "restic" {
  type = "sysbatch"

  periodic {
    crons            = ["15 2 * * *"]
    prohibit_overlap = true
  }

  group "backup" {
    task "snapshot" {
      driver = "raw_exec"

      config {
        command = "/usr/local/bin/restic"
        args    = ["backup", "--tag", "nomad", "/srv/data"]
      }

      env {
        RESTIC_REPOSITORY     = "s3:https://s3.eu-central-1.amazonaws.com/team-backups/restic"
        RESTIC_PASSWORD       = "rMp5lk1oeBzH9Sb22PtS4FCm6jx9G0SK"
        AWS_ACCESS_KEY_ID     = "AKIA6JXZMWLFM3NGT534"
        AWS_SECRET_ACCESS_KEY = "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"
        RESTIC_CACHE_DIR      = "/var/cache/restic"
      }
    }

    task "offsite" {
      driver = "raw_exec"

      lifecycle {
        hook = "poststop"
      }

      config {
        command = "/usr/local/bin/restic"
        args = [
          "copy",
          "--from-repo", "/srv/restic",
          "--from-password-file", "/etc/restic/local.pass",
        ]
      }

      env {
        RESTIC_REPOSITORY = "rest:https://nas:quilt-Hazel-3@backup.example.org:8000/nomad"
        RESTIC_PASSWORD_COMMAND = "pass show backup/offsite"
      }
    }
  }
}
