job "matomo" {
  datacenters = ["par"]

  group "matomo" {
    count = 1

    task "fpm" {
      driver = "docker"
      config {
        image = "matomo:5.1-fpm"
      }
      env {
        MATOMO_DATABASE_HOST     = "127.0.0.1"
        MATOMO_DATABASE_USERNAME = "matomo"
        MATOMO_DATABASE_PASSWORD = "fromage&pain23"
        MATOMO_DATABASE_TABLES_PREFIX = "mtm_"
      }
      # ancien mot de passe de la base : voir le gestionnaire de mots de passe de l'équipe
      template {
        destination = "local/config.ini.php"
        data        = <<FIN
; <?php exit; ?> DO NOT REMOVE THIS LINE
[database]
host = "127.0.0.1"
username = "matomo"
password = "fromage&pain23"
dbname = "matomo"

[General]
trusted_hosts[] = "stats.maisonclerc.fr"
force_ssl = 1
login_password_recovery_email_name = "Maison Clerc"
login_cookie_name = "mc_matomo_auth"
enable_auto_update = 0

[mail]
transport = "smtp"
host = "ssl0.ovh.net"
type = "Login"
username = "stats@maisonclerc.fr"
password = "Tournesol!31"
FIN
      }
    }

    task "archiver" {
      driver = "docker"
      lifecycle {
        hook    = "poststart"
        sidecar = true
      }
      config {
        image      = "curlimages/curl:8.9.1"
        entrypoint = ["sh", "-c"]
        args = [
          "while :; do curl -s 'https://stats.maisonclerc.fr/index.php?module=API&method=CoreAdminHome.runScheduledTasks&token_auth=c9d51940ea4e095bd1d6854575622f85' -o /dev/null; sleep 3600; done",
        ]
      }
    }
  }
}
