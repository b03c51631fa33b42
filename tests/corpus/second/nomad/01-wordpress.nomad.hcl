job "wordpress" {
  datacenters = ["home"]
  type        = "service"

  group "blog" {
    network {
      mode = "bridge"
      port "http" { to = 80 }
    }

    task "db" {
      driver = "docker"
      lifecycle {
        hook    = "prestart"
        sidecar = true
      }
      config {
        image = "mariadb:11.4"
      }
      env {
        MYSQL_ROOT_PASSWORD  = "r00t-of-the-oak"
        MYSQL_DATABASE       = "wordpress"
        MYSQL_USER           = "wordpress"
        MYSQL_PASSWORD       = "wordpress"
        MYSQL_INITDB_SKIP_TZINFO = "1"
      }
    }

    task "wordpress" {
      driver = "docker"
      config {
        image   = "wordpress:6.6-php8.3-fpm"
        ports   = ["http"]
        volumes = ["local/wp-config.php:/var/www/html/wp-config.php"]
      }
      env {
        WORDPRESS_DB_HOST      = "127.0.0.1:3306"
        WORDPRESS_DB_USER      = "wordpress"
        WORDPRESS_DB_PASSWORD  = "wordpress"
        WORDPRESS_TABLE_PREFIX = "wp_"
      }
      template {
        destination = "local/wp-config.php"
        data        = <<EOF
<?php
define( 'DB_NAME', 'wordpress' );
define( 'DB_USER', 'wordpress' );
define( 'DB_PASSWORD', getenv('WORDPRESS_DB_PASSWORD') );
define( 'DB_CHARSET', 'utf8mb4' );
define('AUTH_KEY',         '=5zL#kV;(u|9)Q@Kx~%s]tR8pE2hW`}0cYd{4mGn+Jf^7B!');
define('LOGGED_IN_KEY',    'Vb?u6[Nq.w]T3<rXo&8yZ>1mC*k-4Hs/eP=gLd^9aF,jI~_2');
define('NONCE_SALT',       'put your unique phrase here');
define('FORCE_SSL_ADMIN', true);
$table_prefix = 'wp_';
if ( ! defined( 'ABSPATH' ) ) { define( 'ABSPATH', __DIR__ . '/' ); }
require_once ABSPATH . 'wp-settings.php';
EOF
      }
    }
  }
}
