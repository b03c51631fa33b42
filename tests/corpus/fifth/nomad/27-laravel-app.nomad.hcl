job "booking" {
  datacenters = ["dc1"]

  group "app" {
    network {
      port "http" { to = 80 }
    }

    task "fpm" {
      driver = "docker"
      config {
        image = "registry.moorhenlabs.com/booking/app:2024.38"
        ports = ["http"]
        auth {
          username = "robot$nomad"
          password = "MdXtjSAk7pt1Yp5b3EsPdHvCWb7FXm3n"
        }
      }
      env {
        APP_ENV           = "production"
        APP_DEBUG         = "false"
        APP_KEY           = "base64:j7dXE2LwKVBtSXE4r6VBywfCWbXrcyD0bPwl9G3sHUM="
        DB_CONNECTION     = "mysql"
        DB_HOST           = "10.1.4.20"
        DB_USERNAME       = "booking"
        DB_PASSWORD       = "pa$${s}word\\Nein"
        PUSHER_APP_ID     = "1482206"
        PUSHER_APP_KEY    = "29a748235d815e678350"
        PUSHER_APP_SECRET = "0b4b0e450d5e3cbf431b"
        MAILGUN_SECRET    = "key-fe71a15e1aff7399772bf87ce1782969"
        MAILGUN_DOMAIN    = "mg.moorhenlabs.com"
        TWILIO_ACCOUNT_SID = "AC500caa946871195fd9e11fa9bd5fd772"
        TWILIO_AUTH_TOKEN  = "fe2de8eb515ac43060920231a6347ca8"
        STRIPE_KEY         = "pk_live_51SjzAJ48e2Sc6Vs9EeEIaq7jd"
        STRIPE_SECRET      = "sk_live_51GZITNCCZJst4rAqYK5RPxnNS"
        GEOCODING_API_KEY  = "AIzaI6-a5Yj-wJWBVIt-sQ5kbPBNSAsCrGoMPMI"
        RECAPTCHA_SITE_KEY = "6LOfZBEmB8gcg_pEG2htEiS3fTkDAfuWMyWT3n7y"
        RECAPTCHA_SECRET_KEY = "6L-XMa7pL6n2Qf-sGXXQeH64e8sirsRetmUN_m4J"
        SESSION_COOKIE     = "booking_session"
        SANCTUM_TOKEN_PREFIX = "mh_"
        BCRYPT_ROUNDS      = "12"
        HORIZON_BASIC_AUTH = "horizon:glass half-Full"
      }
    }
  }
}
