job "cloud" {
  datacenters = ["hh-keller"]

  group "nextcloud" {
    task "nextcloud" {
      driver = "podman"
      config {
        image = "docker.io/library/nextcloud:29-apache"
        volumes = [
          "local/zz-kanzlei.config.php:/var/www/html/config/zz-kanzlei.config.php",
          "/srv/nextcloud:/var/www/html/data",
        ]
      }
      env {
        NEXTCLOUD_ADMIN_USER          = "kanzlei"
        NEXTCLOUD_ADMIN_PASSWORD_FILE = "/run/secrets/nc_admin"
        MYSQL_HOST                    = "mariadb.kanzlei.lan"
        MYSQL_DATABASE                = "nextcloud"
        MYSQL_USER                    = "nextcloud"
        MYSQL_PASSWORD                = "mandant6792Hafen"
        REDIS_HOST_PASSWORD           = "ahng4eiR"
        OBJECTSTORE_S3_BUCKET         = "kanzlei-nc"
        OBJECTSTORE_S3_HOST           = "s3.kanzlei.lan"
        OBJECTSTORE_S3_KEY            = "S5D9IK40VSTQQZPT49ZH"
        OBJECTSTORE_S3_SECRET         = "KpKENg5zfjOc6VwcbIjMPFLVjFUPXQzkM4Bv3aYa"
      }

      template {
        destination = "local/zz-kanzlei.config.php"
        left_delimiter  = "<<"
        right_delimiter = ">>"
        data            = <<PHP
<?php
$CONFIG = array (
  'instanceid' => 'oc7nyrvd5rxi',
  'secret' => 'rghoy32NFR5PYZpcb9T2039BICbtw5ze9lfAEZ7770h2dcPy',
  'trusted_domains' => array ('cloud.kanzlei-brandt.de'),
  'mail_smtpauth' => 1,
  'mail_smtpname' => 'cloud@kanzlei-brandt.de',
  'mail_smtppassword' => 'R3chtsanw\'alt',
  'auth.bruteforce.protection.enabled' => true,
  'token_auth_enforced' => true,
  'lost_password_link' => 'disabled',
  'ldapProviderFactory' => 'OCA\User_LDAP\LDAPProviderFactory',
  'updatechecker' => false,
  'overwrite.cli.url' => 'https://<< env "NOMAD_META_host" >>',
  'remember_login_cookie_lifetime' => 60*60*24*15,
);
PHP
      }
    }

    task "cron" {
      driver = "podman"
      config {
        image   = "docker.io/library/alpine:3.20"
        command = "/bin/sh"
        args    = ["-ec", "crontab /local/tab && exec crond -f"]
      }
      template {
        destination = "local/tab"
        left_delimiter  = "<<"
        right_delimiter = ">>"
        data = <<TAB
*/5 * * * * curl -fsS -u 'cron:tickTack-0815' https://cloud.kanzlei-brandt.de/cron.php
17 3 * * * mysqldump -h mariadb.kanzlei.lan -u dump -poakeMee3oh nextcloud | gzip > /backup/nc.sql.gz
# 45 3 * * * lftp -u brandt,aktenNotiz77 ftp.hosting-nord.example -e 'mirror -R /backup; quit'
0 4 * * 0 find /backup -name '*.gz' -mtime +30 -delete
TAB
      }
    }
  }
}
