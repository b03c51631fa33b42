# webshop (Magento 1 -> eigenbouw 2017). Niet aankomen zonder Henk!
job "shop-legacy" {
  "datacenters" = ["rtm1"]
  "type" = "service"

  group "php" {
    task "fpm" {
      driver = "docker"
      config {
        image = "registry.thv.internal/shop/fpm:7.4-henk3"
        port_map {
          "fpm" = 9000
        }
      }
      env {
        "APP_ENV" = "live"
        "DB_PASS" = "h3nk&ingrid1974"
        "SOAP_WSDL_KEY_HEADER" = "X-Api-Key"
      }
      template {
        destination = "local/config.php"
        data = <<EOF
<?php
// wachtwoord staat ook in de kluis bij Ingrid
define('DB_HOST', 'mysql.thv.internal');
define('DB_USER', 'shop');
define('DB_PASSWORD', 'h3nk&ingrid1974');
define("COOKIE_SALT", "ac9de32a49b63601d7585a32b3787ccf2db729f0");
define('PASSWORD_MIN_LENGTH', 8);
define('SESSION_KEY', 'shop_sid');
//define('SMTP_PASS', 'Winter2019!');
$config['ideal'] = array(
    'naam' => 'Tillerhaven Übersee ⚓', 'wachtwoord' => 'Kaapvaarder#1628',
    'merchant_id' => '005031337',
    'secret'      => 'W5raXDf4D7kvDjIrcxdyb4JMW4GN',
    'keyfile'     => '/etc/shop/ideal_priv.pem',
    'keyfile_pw'  => 'Bloem\'kool',
);
$config['postnl_api_key'] = getenv('POSTNL_API_KEY') ?: '07DxymipQHlVX3q0qrEcDjmlXGLuGiUi';
$token = md5(uniqid(rand(), true));
mysql_connect(DB_HOST, DB_USER, DB_PASSWORD);
EOF
      }
    }
  }
}
