job "nextcloud" {
  group "web" {
    task "php" {
      driver = "docker"
      config {
        image   = "nextcloud:29-fpm"
        volumes = ["local/config.php:/var/www/html/config/config.php"]
      }

      template {
        destination = "local/config.php"
        perms       = "0640"
        data        = <<PHP
<?php
$CONFIG = array (
  'instanceid' => 'oc0ve4k8j508',
  'secret' => '/OBk4KhVjAq4vpWUooq9KpkMgmHy8In0d5lw5FaVPIKLkB9l',
  'trusted_domains' => array (0 => 'cloud.example.net'),
  'dbtype' => 'pgsql',
  'dbuser' => 'nextcloud',
  'dbpassword' => '9Stachelbeeren',
  'redis' => array (
    'host' => 'redis.service.consul',
    'port' => 6379,
    'password' => 'xDcuKK1FR6GHw20KQoXQOMts',
  ),
  'objectstore' => array (
    'class' => 'OC\\Files\\ObjectStore\\S3',
    'arguments' => array (
      'bucket' => 'nextcloud',
      'key' => 'AKIAM58M0R3PZFQRJLBY',
      'secret' => 'IdfHmGznYZi50VIOVzzPWi7oFGFAXkd8XpOrci5p',
      'hostname' => 's3.example.net',
    ),
  ),
  'mail_smtpauth' => true,
  'mail_smtppassword' => 'Brieftaube!Nord',
  'lost_password_link' => 'disabled',
  'token_auth_enforced' => false,
  'auth.bruteforce.protection.enabled' => true,
  'remember_login_cookie_lifetime' => 60*60*24*15,
  'session_keepalive' => true,
  'passwordless.header' => 'X-Forwarded-User',
);
PHP
      }
    }
  }
}
