<?php
define( 'DB_PASSWORD', 'it\'s high tide' );
define( "SMTP_PASS", "sea-rocket" ); // app password of the mailbox
define( 'AUTH_SALT', 'W]9u~+Q}i0k{x^pD!7h/SgL;o?b3(e-Ry,4)Fz@mT|8cN&V2.j>' );
define( 'NONCE_KEY', 'put your unique phrase here' );
define( 'FTP_PASS', getenv( 'FTP_PASS' ) ?: 'sea-kale' );
define( 'WP_CACHE_KEY_SALT', 'example.net_' );
define( 'FORCE_SSL_LOGIN', true );
$table_prefix = 'wp_';
