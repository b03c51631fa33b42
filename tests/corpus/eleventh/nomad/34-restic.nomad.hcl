job "backup" {
  type = "batch"
  periodic {
    crons = ["15 3 * * *"]
  }
  group "backup" {
    task "restic" {
      driver = "docker"
      config {
        image   = "restic/restic:0.17.3"
        command = "backup"
        args    = ["--host", "nas", "--exclude-file", "/local/excludes", "--one-file-system", "/data"]
      }
      env {
        RESTIC_REPOSITORY = "b2:hartmann-nas:/restic"
        RESTIC_PASSWORD   = "Seegurke-auf-Toast-1987"
        B2_ACCOUNT_ID     = "6bc167854041"
        B2_ACCOUNT_KEY    = "K001YAowWJCHDrX2pApsQBa0oHWqOm4"
        RESTIC_CACHE_DIR  = "/cache"
        RESTIC_KEY_HINT   = "a7734ab2"
      }
      template {
        destination = "local/excludes"
        data        = <<EOF
# never in the backup
*.key
/data/private/password-store
.ssh/id_ed25519
EOF
      }
    }
    task "rest-copy" {
      driver = "exec"
      config {
        command = "/usr/local/bin/restic"
        args    = ["-r", "rest:https://nas:99lowOhDZiHfR3Lo0hPC@backup.example.net:8000/nas", "copy", "--password-file", "${NOMAD_SECRETS_DIR}/pw", "--from-repo", "b2:hartmann-nas:/restic"]
      }
      template {
        destination = "${NOMAD_SECRETS_DIR}/pw"
        data        = "kopie!Toast091"
      }
      env {
        NTFY_TOPIC  = "backup-secret-expired"
        NTFY_TOKEN  = "tk_cntbtu855f7azplwudza14idqsg01"
      }
    }
  }
}
