job "tienda-olivares" {
  datacenters = ["mad-1"]

  meta {
    cliente       = "Aceites Olivares"
    contrato      = "2022-0178"
    ftp_acceso    = "ftp://olivares:Aceituna22@ftp.olivares.example/"
    panel_usuario = "soporte"
    panel_clave   = "s0porte.Web"
  }

  group "web" {
    network {
      mode = "bridge"
      port "http" { to = 80 }
    }

    task "mysql" {
      driver = "docker"
      lifecycle {
        hook    = "prestart"
        sidecar = true
      }
      config {
        image = "mariadb:10.11"
      }
      env {
        MARIADB_ROOT_PASSWORD = "root"
        MARIADB_DATABASE      = "presta"
        MARIADB_USER          = "presta"
        MARIADB_PASSWORD      = "Tr4peci0"
        MARIADB_AUTO_UPGRADE  = "1"
      }
    }

    task "presta" {
      driver = "docker"
      config {
        image = "prestashop/prestashop:8.1-apache"
        mount {
          type   = "bind"
          source = "local/parameters.php"
          target = "/var/www/html/app/config/parameters.php"
        }
      }

      template {
        destination = "local/parameters.php"
        data        = <<EOT
<?php return [
  'parameters' => [
    'database_host' => '127.0.0.1',
    'database_user' => 'presta',
    'database_password' => 'Tr4peci0',
    'mailer_transport' => 'smtp',
    'mailer_password' => NULL,
    'secret' => '1YhUb41fiYmqD9i14zxqMzOjKYaUPQjVzgA3TPaZiQ2eVDfnO2k6LW9K',
    'cookie_key' => '3uKwOM0D8qpYkhOk74GIqQSCJseFX2GntghRx3pHvlq1IqtDpHWSWuRI',
    'new_cookie_key' => getenv('NEW_COOKIE_KEY'),
    'ps_caching' => 'CacheMemcache',
  ],
];
EOT
      }

      env {
        # ojo: la contraseña del back-office la cambia el cliente cada mes, no está aquí
        PS_DOMAIN            = "tienda.olivares.example"
        REDSYS_MERCHANT_CODE = "327456810"
        REDSYS_SHA256_KEY    = "H1HPBAzg77zOdBy476uZ0kSJ2yMmc6hi"
        RECAPTCHA_SITE_KEY   = "6LezH5lenpj0HAB2EYdNK8RX4_JDhkGsKivn7deH"
        RECAPTCHA_SECRET_KEY = "6LeJd4nGO3h0ORo1s-w--Jyrwp1nk85AfJhJGREB"
      }
    }
  }
}
