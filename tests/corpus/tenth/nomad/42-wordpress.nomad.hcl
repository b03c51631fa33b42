job "blog" {
  group "blog" {
    task "wordpress" {
      driver = "docker"

      config {
        image   = "wordpress:6.6-apache"
        volumes = ["local/wp-config.php:/var/www/html/wp-config.php"]
      }

      template {
        destination = "local/wp-config.php"
        data        = <<EOF
<?php
define( 'DB_NAME', 'blog' );
define( 'DB_USER', 'blog' );
define( 'DB_PASSWORD', 'Bellows-Kite-47' );
define( 'DB_HOST', 'my.service.consul' );
define( 'AUTH_KEY',        'XS8rc:8tkkr&i7:.!FCTmXiL@_v.D&#hPLvXE6kH=R3m_cCAPSvJ9Y~v.E#AD-J!' );
define( 'SECURE_AUTH_KEY', 'Mmw+cBK~bWM3uxcvEgHh~Vc@ARGq*^wp&B7*)zYc:9Z?.6VT-_skPMnpM=3y7JvU' );
define( 'LOGGED_IN_KEY',   'qr.Z35Ck,sS6p,6W,2+3Gxwe6RMS,m|4RC|(iTr88|aRX:##=ce;,nU)vGDFrs,8' );
define( 'NONCE_SALT',      'put your unique phrase here' );
$table_prefix = 'wp_';
define( 'COOKIE_DOMAIN', 'blog.example.net' );
define( 'LOGGED_IN_COOKIE', 'wp_logged_in_token' );
define( 'WP_CACHE_KEY_SALT', 'blog.example.net:' );
define( 'SMTP_PASS', getenv('SMTP_PASS') );
EOF
      }

      env {
        SMTP_PASS = "gz6q3m4zcfky1ldp"
      }
    }

    task "db" {
      driver = "docker"

      config {
        image = "mariadb:11.4"
      }

      env {
        MARIADB_DATABASE             = "blog"
        MARIADB_USER                 = "blog"
        MARIADB_RANDOM_ROOT_PASSWORD = "yes"
        MARIADB_PASSWORD             = "Bellows-Kite-47"
      }
    }
  }
}
