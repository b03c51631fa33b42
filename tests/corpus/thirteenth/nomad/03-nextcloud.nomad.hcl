job "nextcloud" {
  datacenters = ["home"]

  group "cloud" {
    network {
      mode = "bridge"
      port "web" { to = 80 }
    }

    task "mariadb" {
      driver = "docker"
      config {
        image = "mariadb:11.4"
        args  = ["--transaction-isolation=READ-COMMITTED", "--binlog-format=ROW"]
      }
      env {
        MARIADB_ROOT_PASSWORD = "root"
        MARIADB_DATABASE      = "nextcloud"
        MARIADB_USER          = "nextcloud"
        MARIADB_PASSWORD      = "wolkenbruch im mai"
        MARIADB_AUTO_UPGRADE  = "1"
      }
    }

    task "redis" {
      driver = "docker"
      config {
        image   = "redis:7-alpine"
        command = "redis-server"
        args    = ["--requirepass", "AFMPjQnEnLtzMCnLp0RPYomg", "--maxmemory-policy", "allkeys-lru"]
      }
    }

    task "app" {
      driver = "docker"
      config {
        image   = "nextcloud:29-apache"
        volumes = ["secrets/extra.config.php:/var/www/html/config/extra.config.php"]
      }
      template {
        destination = "secrets/extra.config.php"
        data        = <<EOT
<?php
$CONFIG = [
  'instanceid'      => 'ocm4gpzmzzjw',
  'passwordsalt'    => 'jjom8Xna7/3wWQyDMcoMIXrFLCnjEQ==',
  'secret'          => '2BmUY60TN4vm0n1A2Fc9pHGql1JfEfzWnHdWlDelPGeaJbUe',
  'dbtype'          => 'mysql',
  'dbhost'          => '127.0.0.1',
  'dbuser'          => 'nextcloud',
  'dbpassword'      => 'wolkenbruch im mai',
  'memcache.locking' => '\OC\Memcache\Redis',
  'redis' => [
    'host'     => '127.0.0.1',
    'port'     => 6379,
    'password' => 'AFMPjQnEnLtzMCnLp0RPYomg',
  ],
  'mail_smtpauth'     => 1,
  'mail_smtpname'     => 'cloud@familie.example',
  'mail_smtppassword' => getenv('SMTP_PASSWORD'),
  'token_auth_enforced' => false,
  'auth.bruteforce.protection.enabled' => true,
  'remember_login_cookie_lifetime' => 1296000,
];
EOT
      }
    }
  }
}
