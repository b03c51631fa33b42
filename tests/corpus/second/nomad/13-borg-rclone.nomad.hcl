job "offsite" {
  type = "batch"
  periodic { crons = ["@daily"] }
  group "offsite" {
    task "borg" {
      driver = "exec"
      config {
        command = "/usr/bin/borg"
        args    = ["create", "--compression", "zstd,9", "ssh://u123456@u123456.your-storagebox.example:23/./backup::{hostname}-{now}", "/srv"]
      }
      env {
        BORG_PASSPHRASE                = "eleven pipers @ pipers' lane"
        BORG_KEY_FILE                  = "/etc/borg/repo.key"
        BORG_RSH                       = "ssh -i /root/.ssh/borg_ed25519"
        BORG_RELOCATED_REPO_ACCESS_IS_OK = "yes"
      }
    }
    task "rclone" {
      driver = "docker"
      config {
        image = "rclone/rclone:1.67"
        args  = ["--config", "/secrets/rclone.conf", "sync", "/srv", "crypt:srv", "--bwlimit", "10M", "--drive-client-id", "977246942621-lqdq6mv7xglchx5ycr2uh93hgwnhjhal.apps.googleusercontent.com"]
      }
      template {
        destination = "secrets/rclone.conf"
        data        = <<EOH
[storage]
type = s3
provider = Minio
access_key_id = LBKOYYVYZY2F0VD5PIFW
secret_access_key = CR06m0HWHa4OB4IQcP6i5exzRIEDWq6O945px6pE
endpoint = https://s3.example.net

[dav]
type = webdav
url = https://dav.example.net/remote.php/dav
user = backup
pass = KdYPNlak9zTN6vHW5GdQPRmk6M1iKiWrMraP7-

[crypt]
type = crypt
remote = storage:backup
password = 2w90ZUXtezXJ1o4mELEQTBPoBnU9DZ0OsQDtFGVPnLJ
password2 = xkC7y4x_DOMxKS6oopdGLHfmKscCc_32OliaXWV07li
filename_encryption = standard

[gdrive]
type = drive
client_secret = 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
token = {"access_token":"ya29.gGVE3MP1SBOI-bgbPn21faHmJRnk6Q4POF0jDNPzm7-zpZcOP2os2E4nVpRvHR7Sz235SgUKCEUm0Upb","token_type":"Bearer","refresh_token":"1//0YQN1LRpbcUnnLXrDucX90oMDgrsrNH9JeowzlN_9YLTb5EH0IqcvFN543YyF","expiry":"2024-05-01T10:00:00Z"}
EOH
      }
    }
  }
}
