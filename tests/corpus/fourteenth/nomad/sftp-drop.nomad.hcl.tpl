job "sftp-drop-[[ .customer ]]" {
  datacenters = [[ .dcs | toJson ]]
  group "sftp" {
    task "sftp" {
      driver = "docker"
      config {
        image = "atmoz/sftp:alpine"
        args  = ["[[ .customer ]]:Drop.Box_5150:1001", "backoffice:[[ .backoffice_password ]]:1002"]
      }
      env {
        NOTIFY_TOKEN = "[[ consulKey "sftp/notify_token" ]]"
        PGP_PASSPHRASE = "correct ferry battery dune"
        [[ if .legacy ]]
        FTP_PASS = "letmein"
        [[ end ]]
        HOST_KEY_FINGERPRINT = "SHA256:iLg5SL9/duDHmZJI0ru6octtzPZ4YSuRj+hZPSA2pTW"
      }
    }
  }
}
