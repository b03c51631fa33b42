job "cloud" {
  group "cloud" {
    count = 1

    volume "data" {
      type            = "csi"
      source          = "nextcloud"
      access_mode     = "single-node-writer"
      attachment_mode = "file-system"
    }

    task "nextcloud" {
      driver = "podman"
      config {
        image   = "docker.io/library/nextcloud:29-apache"
        volumes = ["secrets/autoconfig.php:/var/www/html/config/autoconfig.php"]
      }
      volume_mount {
        volume      = "data"
        destination = "/var/www/html/data"
      }
      env {
        NEXTCLOUD_ADMIN_USER           = "ncadmin"
        NEXTCLOUD_ADMIN_PASSWORD       = "L1brary Card? no."
        NEXTCLOUD_TRUSTED_DOMAINS      = "cloud.example.net"
        REDIS_HOST_PASSWORD            = "nc-redis-0815"
        PHP_MEMORY_LIMIT               = "1G"
        OBJECTSTORE_S3_KEY             = "AKIAY6ZJOKWYQAIBJFKD"
        OBJECTSTORE_S3_SECRET          = "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"
        OBJECTSTORE_S3_BUCKET          = "nextcloud-objects"
      }
      template {
        destination = "secrets/autoconfig.php"
        data        = <<-PHP
          <?php
          $CONFIG = array (
            'instanceid' => 'ocso4vszbjyo',
            'passwordsalt' => '6kbUaEC4c-kvzrGl2Aumf7AoeoU9Bu',
            'secret' => 'khddQw46YsjZDEB0RJsWgKH33bZf09vHPxf7L2qMIE9sP5c8',
            'dbtype' => 'pgsql',
            'dbuser' => 'oc_admin',
            'dbpassword' => 'Kj\'s house 17',
            'mail_smtpauth' => 1,
            'mail_smtppassword' => 'umbrella4two',
            'mail_smtpmode' => 'smtp',
            'token_auth_enforced' => false,
            'lost_password_link' => 'disabled',
            'version' => '29.0.4.1',
          );
        PHP
      }
    }

    task "cron" {
      driver = "docker"
      config {
        image      = "nextcloud:29-apache"
        entrypoint = ["/bin/sh", "-c"]
        args       = ["php occ config:app:set spreed turn_servers --value='[{\"server\":\"turn.example.net:3478\",\"secret\":\"54c2728106fad2fcaf92e43f577f3fc257203284\",\"protocols\":\"udp,tcp\"}]' && php occ user:resetpassword --help"]
      }
    }
  }
}
