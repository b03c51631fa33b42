job "nextcloud" {
  datacenters = ["heim"]
  group "nc" {
    task "nextcloud" {
      driver = "podman"
      config {
        image = "docker.io/library/nextcloud:29-apache"
        auth {
          username = "otto"
          password = "dckr_pat_A4DdDUKOUe0muRhGXPIleil1gLZ"
        }
      }
      template {
        destination = "local/config.php"
        data        = <<EOF
<?php
$CONFIG = array (
  'instanceid' => 'ocz8v5ne76l7',
  'passwordsalt' => 'qHypvt44JVjSXfZvYHJwFfNJ2YeOts',
  'secret' => 'jp.e2ws*7mmdl1T+chueCV!cVoiWst0_55omeuteOi5Wkhj4',
  'dbtype' => 'mysql',
  'dbuser' => 'oc_otto',
  'dbpassword' => 'C0Xx6~hG0w!cB31oP4H+LAdf,K.P!F',
  'redis' => array('host' => 'redis', 'port' => 6379, 'password' => '' . getenv('REDIS_PW') . ''),
  'mail_smtppassword' => "pebble4203\$smlq",
  'mail_smtpauthtype' => 'LOGIN',
  'objectstore' => array('class' => '\\OC\\Files\\ObjectStore\\S3', 'arguments' => array('key' => '9C78DFEE0DD52C6140D4', 'secret' => 'Kb3zRNr2LZg1y20jCNp8i4cEZ59F1e1aRwC9cArv')),
  'token_auth_enforced' => true,
  'lost_password_link' => 'disabled',
  'integrity.check.disabled' => false,
);
EOF
      }
      template {
        destination = "local/wp-config.php"
        data        = <<EOF
<?php
define( 'DB_NAME', 'blog' );
define( 'DB_PASSWORD', 'Walnut.Wren-82' );
define('AUTH_KEY',        'MzkSqpqdANnDFWL6AqK_5ZaXjC?VDVHGQ7OeiO!+vZJ5hv,*RNK.G8Cn1E*AHIwf');
define('SECURE_AUTH_KEY', 'Wha+gPCJo9V-j,yDwuqV96VIi*!as3P7soQcvJnd W6!8YpfBi^.oAe2oBV1X9^2');
define('LOGGED_IN_SALT',  'put your unique phrase here');
define('NONCE_SALT',      getenv('WP_NONCE_SALT'));
define('FTP_PRIKEY',      '/home/wp/.ssh/id_rsa');
$table_prefix = 'wp_';
$cfg['Servers'][1]['password'] = '5vX2RpwWDV5f';
$cfg['Servers'][1]['auth_type'] = 'cookie';
$cfg['blowfish_secret'] = '893e2eaeb08961d0872505efdb4c6743';
EOF
      }
    }
  }
}
