job "magazine" {
  group "web" {
    task "nginx" {
      driver = "docker"
      config {
        image   = "nginx:1.27"
        volumes = ["local/site.conf:/etc/nginx/conf.d/default.conf", "secrets/htpasswd:/etc/nginx/htpasswd"]
      }
      template {
        destination = "local/site.conf"
        data        = <<EOF
server {
  listen 80;
  server_name magazine.example.org;
  auth_basic           "Password required";
  auth_basic_user_file /etc/nginx/htpasswd;
  location /search/ {
    proxy_set_header Authorization "Basic c2VhcmNoOnZlbHZldC1LaW9zay0y";
    proxy_set_header X-Auth-Token  $http_x_auth_token;
    proxy_pass https://search.example.org/;
  }
  location /purge/ {
    if ($arg_key != "purge-qxwtfh2oej3zn83y") { return 403; }
    proxy_cache_purge on;
  }
}
EOF
      }
      template {
        destination = "secrets/htpasswd"
        data        = <<EOF
editor:$apr1$9JWNBj6J$t4akANLYzRN26AOLrWnDpU
printer:{SHA}4iz3UnZZkmuQniHAUk1RnLdq1Xk=
EOF
      }
    }

    task "wordpress" {
      driver = "docker"
      config {
        image = "wordpress:6.6-fpm"
      }
      template {
        destination = "secrets/wp-config.php"
        data        = <<EOF
<?php
define('DB_NAME', 'magazine');
define('DB_USER', 'magazine');
define('DB_PASSWORD', 'it\'s raining inks');
define('AUTH_KEY', 'k:o1E3EwrnEYwF1GrIqlPR|~(vhNN7t4uknhSMvbr4q>+;P87czATVvmrG9mOkouy');
define('NONCE_SALT', 'SiC9X7R3kfzAyoua5qnlXQ7lgeTCPxZ*^;4cR6woeGaPe1lQQNH4yTTP3j3f4bot');
define('LOGGED_IN_KEY', getenv('WP_LOGGED_IN_KEY'));
$table_prefix = 'wp_';
EOF
      }
    }
  }
}
