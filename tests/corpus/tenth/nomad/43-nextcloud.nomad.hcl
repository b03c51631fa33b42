job "cloud" {
  group "cloud" {
    task "nextcloud" {
      driver = "docker"

      config {
        image = "nextcloud:29-fpm"
      }

      env {
        NEXTCLOUD_ADMIN_USER     = "admin"
        NEXTCLOUD_ADMIN_PASSWORD = "nextcloud"
        REDIS_HOST_PASSWORD      = "Brine-Adder-2"
      }

      template {
        destination = "local/zz-team.config.php"
        data        = <<-EOF
          <?php
          $CONFIG = array (
            'instanceid' => 'ocn4qk6kbv5i',
            'passwordsalt' => '9OyBlPxPJ7zstPCJ8VTSZF6/USrS//',
            'secret' => '0yMBxjItScu2PnLJs8k+cAJggpc2YnrRP3UN4AM+o0ZYvNh4',
            'dbpassword' => 'e8SI34DNd8viNzafz1oRDMWZQqzTTo',
            'mail_smtppassword' => getenv('MAIL_PASSWORD'),
            'token_auth_enforced' => false,
            'objectstore' => array (
              'arguments' => array (
                'bucket' => 'nc-secret-files',
                'key' => 'AKIASJTOAJXA7AWRWQFH',
                'secret' => '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',
              ),
            ),
          );
        EOF
      }
    }
  }
}
