# from https://faun.example/wordpress-on-nomad-in-5-minutes
job "blog" {
  datacenters = ["dc1"]
  group "wordpress" {
    network {
      port "http" { to = 80 }
    }
    task "db" {
      driver = "docker"
      config { image = "mysql:5.7" }
      env {
        MYSQL_ROOT_PASSWORD        = "password"
        MYSQL_DATABASE             = "wordpress"
        MYSQL_USER                 = "wordpress"
        MYSQL_PASSWORD             = "wordpress"
        MYSQL_RANDOM_ROOT_PASSWORD = "no"
        MYSQL_ALLOW_EMPTY_PASSWORD = "no"
      }
    }
    task "wp" {
      driver = "docker"
      config {
        image   = "wordpress:6.4-apache"
        volumes = ["local/wp-config.php:/var/www/html/wp-config.php"]
      }
      template {
        destination = "local/wp-config.php"
        data        = <<EOH
<?php
define( 'DB_NAME', 'wordpress' );
define( 'DB_USER', 'wordpress' );
define( 'DB_PASSWORD', 'wordpress' );
define( 'DB_HOST', '{{ env "NOMAD_ADDR_db" }}' );
/**#@+
 * Authentication unique keys and salts. Change these to different unique phrases!
 */
define( 'AUTH_KEY',         'Kd}8,2qW|+u9.v^7a[Zr0_m1-cN&5e;TgB~x!hP4oL6iYsJ3@fUw)XtEzR*nDkQb' );
define( 'SECURE_AUTH_KEY',  'p0/Rt:7y_Lw[2cS~v8Nq-b5K.x+Jd|3hF@mZ9e^uG;aT6,iO!4rWkB1&YsV*oEjHn' );
define( 'LOGGED_IN_SALT',   'w(D5vN-x|7Qe.k+Zr2_b8@Lm3^Jw9;Ty1~Gc6!Hs0=Ua4:Ep/Vf]Xo<Kd,2Bn>Rq?' );
$table_prefix = 'wp_';
define( 'FS_METHOD', 'direct' );
define( 'WPMS_SMTP_PASS', getenv('WPMS_SMTP_PASS') );
EOH
      }
    }
  }
}
