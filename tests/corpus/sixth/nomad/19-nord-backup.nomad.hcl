job "nord-backup" {
  datacenters = ["hh1"]
  type        = "sysbatch"

  periodic {
    crons = ["15 1 * * *"]
  }

  meta {
    contact         = "infra@nordring.net"
    alert_webhook   = "https://discord.com/api/webhooks/1146785404305910243/pKHCF-zwhL63Awbyae5_-hzyuY2KZQlgonU6rZBc3ejzTJLQ3QjiaGY0iwDluE0q34EQ"
    restic_key_id   = "b2c274f9"
  }

  group "backup" {
    task "restic" {
      driver = "raw_exec"
      config {
        command = "/usr/local/bin/restic"
        args    = ["backup", "--password-command", "cat /run/keys/restic", "--tag", "nightly", "--exclude", "*.secret", "/srv"]
      }
      env {
        RESTIC_REPOSITORY        = "rest:https://hh1:P33Fwmi3sNHswsCjlhqXVfPG@backup.nordring.net:8000/hh1/"
        ARCHIVE_PASSWORD_COMMAND = "pass show restic/hh2"
        RESTIC_KEY_HINT          = "e321d307"
        RESTIC_FROM_PASSWORD     = "alles-doppelt-und-dreifach-2025"
      }
    }

    task "borg" {
      driver = "exec"
      config {
        command = "/bin/sh"
        args = ["-c", "BORG_PASSPHRASE=zwei.Zentner.Zwieback BORG_RSH='ssh -i /secrets/id_borg' borg create ssh://u271828@u271828.your-storagebox.de:23/./hh1::{now} /srv && curl -s -F token=at0u7egw4vv46wa8p1lxjcifsto05e -F user=ud06z065eqf6gpflo9grhazxft1i67 -F message=ok https://api.pushover.net/1/messages.json"]
      }

      template {
        destination = "secrets/id_borg"
        perms       = "0600"
        data        = <<KEY
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACBRoeMyJjCbnAVBUi/6Nk3Z/+Ft9ew2cL0qyzWf9u2womwy30oRZI7hgTgq
3SicOTYPvlwqzN4aglfCY2FcqTLBT/kxn2iOe7+nF+iGFDZSi8CIN7ZQ3lW9RBU0+uf/yx
LxQcu80GAZl1Iz0vERmsNFw7TARw8obHkf==
-----END OPENSSH PRIVATE KEY-----
KEY
      }
      template {
        destination = "local/known_hosts"
        data        = "[u271828.your-storagebox.de]:23 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIdoZKV78GkcQP6wnFh5XJ7OD2fNRTTj+emB3QYDeDQ3P\n"
      }
    }

    task "rclone" {
      driver = "docker"
      config {
        image = "rclone/rclone:1.68"
        args  = ["sync", "--config", "/secrets/rclone.conf", "/srv/archive", "crypt:", "--sftp-key-file=/secrets/id", "--s3-secret-access-key", "5KGLrc9rp+9MkUt8BLfySV8Ow545dGDLLZMT0f06"]
      }
      template {
        destination = "secrets/rclone.conf"
        data        = <<EOF
[b2]
type = b2
account = 003b5b72b936572843a883268
key = K003JeHi+aEv51Pal3gOmJRzUiX9JzF
hard_delete = true

[s3]
type = s3
provider = AWS
env_auth = false
access_key_id = AKIAYRRXZRPYXGMPJFSB
secret_access_key = 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
sse_kms_key_id = da206e09-23d7-4695-b8ed-5846db63a40e

[crypt]
type = crypt
remote = b2:nordring-archive
password = auiqtWnUjQpaH-M9MSGGsI3YBIa4bDXQrfp5bwnN21u
password2 = uuTKwy1_M4mzTcTIX4ZVBYNrUyXMz-IuOtSVpNhKIZl
filename_encryption = standard

[gdrive]
type = drive
client_id = 310947712058-yolybp81u1jmtrf8pb4hv60f3dd3xbwg.apps.googleusercontent.com
client_secret = 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
token = {"access_token":"ya29.a0Af7FrnYFazFHeOBSkBWJDlLRrJPL32D7M2X1Ol5aPvtT47zX8HGhSg-N5JIPbS06Bl6P5-gq5w2vMpoTLe","token_type":"Bearer","refresh_token":"1//03GIS5xisst-0IoXN39Kh51cj3pzbAyMkPiEYcFqu_kbbpmcKPgohGee_KslPE","expiry":"2026-10-02T11:20:31.2Z"}
EOF
      }
    }
  }
}
