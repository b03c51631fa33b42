job "boutique" {
  datacenters = ["gra1"]
  group "php" {
    task "fpm" {
      driver = "docker"
      config { image = "registry.example.fr/boutique:77" }
      template {
        env         = true
        destination = "secrets/.env"
        data        = <<ENV
APP_NAME="La Boutique"
APP_ENV=production
APP_KEY=base64:GU1uvXX/zZ3SULk3dqhiYpMTKOq9Yxjyao1mXhf8r3A=
APP_DEBUG=false
DB_CONNECTION=mysql
DB_USERNAME=boutique
DB_PASSWORD='Meadow.Otter_19 piba'
export REDIS_PASSWORD=2fc250f827a87de90942cd98cde770ba
REDIS_CLIENT=phpredis
MAIL_PASSWORD = "Heron2023"   # mot de passe d'application
MAIL_ENCRYPTION=tls
MAIL_FROM_ADDRESS="commandes@example.fr"
PUSHER_APP_ID=1788231
PUSHER_APP_KEY=6adaf159065df228d4ea
PUSHER_APP_SECRET=8ad163f89d8b7f0ae3ce
MIX_PUSHER_APP_KEY="${PUSHER_APP_KEY}"
STRIPE_KEY=pk_live_51rPOdiyn5KRWlUKbAp8uPmXFp0RKqWvEx0fqD0rFVgqL9JGwDxI9tDLYxAHNyAJhH0yFLcOOkWpCYLSvY8OsO822nLUT9r49Zq
STRIPE_SECRET=sk_live_qJdXO52VoADJ6xVT4HJY9bzJ
STRIPE_WEBHOOK_SECRET=whsec_ORy9SCdc3yRj7Mpf4XyIpjjPetbcX7Sn
PAYPAL_MODE=live
PAYPAL_LIVE_CLIENT_ID=A1f6WfmQ6a-SQvq813YFtqJGDMHM0aEUpr-jiJIWaty3pd2fs1dlfLYk-9aRrq0kz02LACL8HVmUJX5I
PAYPAL_LIVE_CLIENT_SECRET=EWzwBkURBOEsfrjQwpgA-WgVaOdbrX8uYD5jUewFBAtUdrDvr8fvzRERQ1WL-jqPj-athqOxUXEr_7vU
MOT_DE_PASSE_ADMIN=lantern5058
CLE_API_COLISSIMO=Zg5hWAVLggvTuntj
JETON_SUIVI=
NOCAPTCHA_SITEKEY=6LJTAU7ojrl1qEgxJgRQDGHGOXJDcmU05TgclTzg
NOCAPTCHA_SECRET=6LT389SLi7EM4s6YTRV2npPTx85FZwniVLTdiqxw
SESSION_DRIVER=cookie
SESSION_SECURE_COOKIE=true
AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE
AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
ENV
      }
    }
  }
}
