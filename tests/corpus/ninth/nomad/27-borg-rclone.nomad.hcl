job "offsite" {
  type = "batch"

  group "offsite" {
    task "borg" {
      driver = "docker"
      config {
        image   = "registry.example.net/borg:1.4"
        command = "borg"
        args    = ["create", "--stats", "::{now}", "/data"]
      }
      env {
        BORG_REPO       = "ssh://u482211@u482211.your-storagebox.example:23/./nomad"
        BORG_PASSPHRASE = "Sieben Raben, ein Brunnen"
        BORG_RSH        = "ssh -i /secrets/id_ed25519 -o StrictHostKeyChecking=yes"
        BORG_KEYS_DIR   = "/secrets/keys"
        BORG_KEY_FILE   = "/secrets/borg.key"
      }
      template {
        destination = "secrets/id_ed25519"
        perms       = "0400"
        data        = <<EOF
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz
c2gtZWQyNTUxOQAAACDn24MjVoACa0RT6dVWLUAij2nGItcDlYwj4J2hRG1py+rw
Y2bSS0gzZD4Cog/d8JsImyY2cbZ/HbqoVjfuQtU1gX0/7tDjFymUafRJ6RboPLPc
og/QWRvchP+zeZfH4B0PleDPn1p4zfDB8VqG9RjgS1pud0X9b1DJuvrVxeVPAQID
-----END OPENSSH PRIVATE KEY-----
EOF
      }
      template {
        destination = "local/known_hosts"
        data        = "u482211.your-storagebox.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINLSZkIVrLqn6C1JcWvrS5B1nW5SdFw9HIS58PMoF5s6"
      }
    }

    task "rclone" {
      driver = "docker"
      config {
        image = "rclone/rclone:1.68"
        args  = ["sync", "/data", "b2crypt:nomad", "--config", "/secrets/rclone.conf"]
      }
      template {
        destination = "secrets/rclone.conf"
        data        = <<EOF
[b2]
type = s3
provider = Other
endpoint = s3.eu-central-003.backblazeb2.com
access_key_id = 003a38bede478e4e38e3f6243
secret_access_key = K003LCsqV6vp4207fiucDJXM8zFb+U8

[b2crypt]
type = crypt
remote = b2:ex-offsite
filename_encryption = standard
password = 7JZAcBaYBcX4er_HK_u0ZCCzdkMRiuJyTgIJKj
password2 = SN2biGiwuUFlR1URPoNEV-dzy1CYTfRvt2p0t5

[nas]
type = sftp
host = nas.example.net
user = backup
key_file = ~/.ssh/nas
pubkey_file = ~/.ssh/nas.pub
disable_hashcheck = true
md5sum_command = md5sum
EOF
      }
    }
  }
}
