job "tickets" {
  group "web" {
    task "php" {
      driver = "docker"
      config {
        image   = "registry.example.net/tickets:php-fpm"
        volumes = ["secrets/.env:/var/www/.env"]
      }
      template {
        destination = "secrets/.env"
        data        = <<EOE
APP_NAME=Tickets
APP_ENV=production
APP_KEY=base64:Sg5vNbZvaHlLRA16lnR+ANIVzmha60D1vwFoThhYkCc=
APP_DEBUG=false

DB_CONNECTION=mysql
DB_USERNAME=tickets
DB_PASSWORD="dollar\$ign"
DB_PASSWORD_OLD='single $quoted'
REDIS_PASSWORD=null
MAIL_PASSWORD=mail_me_never
MAIL_ENCRYPTION=tls
PUSHER_APP_ID=4615958
PUSHER_APP_KEY=36b930d66cd69f089198
PUSHER_APP_SECRET=a19c255af57cc8e194c2
MIX_PUSHER_APP_KEY="${PUSHER_APP_KEY}"
JWT_SECRET=n2AYi5EdbKbM8N4ilBUAlRognoQUVVPXMOFaxLrNvCl48KbfrprE52drtdM1omxt
JWT_TTL=60
SESSION_LIFETIME=120
STRIPE_KEY=pk_live_cQjb6Wh8LY0ibpzck0ahD2qZ
STRIPE_SECRET=rk_live_VF8MkPZOhfh0hHKUdGTGRvkp
STRIPE_WEBHOOK_SECRET=whsec_8mPXDVDkvBry4dUj6IJ6wARGdo2agv8z
AWS_ACCESS_KEY_ID=
AWS_USE_PATH_STYLE_ENDPOINT=false
TELESCOPE_ENABLED=false
EOE
      }
    }
  }
}
