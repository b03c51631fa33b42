job "sauvegarde" {
  datacenters = ["salle-b"]
  type        = "batch"
  periodic {
    cron      = "0 1 * * *"
    time_zone = "Europe/Paris"
  }
  group "sauvegarde" {
    task "rclone" {
      driver = "docker"
      config {
        image      = "rclone/rclone:1.67"
        entrypoint = ["rclone", "--config", "/secrets/rclone.conf"]
        args       = ["sync", "/donnees", "hors-site:", "--password-command", "/local/mdp.sh"]
      }
      template {
        destination = "secrets/rclone.conf"
        data        = <<CONF
[swift]
type = swift
user = svc-sauvegarde
key = ADRVNu32zkSwKL75HTRtLnSQ
auth = https://auth.cloud.ovh.net/v3
application_credential_id = a56ada30c5eff6392bbd0c80a1390c88
storage_policy = pcs

[hors-site]
type = crypt
remote = swift:chu-coffre
filename_encryption = obfuscate
password = PJ5sBS_zFxHaxAVBV0Avo3viMXpgwFxG2xjczbr8bhCG5-xtu32Ylt
password2 = tYP8IsR8pP8h5jbfd8MeMiKrgmpWfs5JAf02ukygc75lLd21xkVgig

[ftp-labo]
type = ftp
host = ftp.labo.example
user = chu
# pass en clair d'avant la migration : Pipette_55
pass = JCv2i4MxVBTpQFrx7rZPgxzJOsHbKn5d8Z
explicit_tls = true
CONF
      }
    }
    task "borg" {
      driver = "raw_exec"
      config {
        command = "/usr/bin/env"
        args    = ["BORG_PASSPHRASE=quatre vieux scanners gris", "BORG_RSH=ssh -i /home/.ssh/borg", "borg", "create", "--comment", "passphrase-v2", "ssh://borg@coffre.chu.example/./dpi::{now}", "/srv/dpi"]
      }
      # Rappel : la phrase de passe de la clé GPG se trouve dans le coffre papier, salle 2.
    }
  }
}
