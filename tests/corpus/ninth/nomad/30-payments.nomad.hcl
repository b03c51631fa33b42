job "billing" {
  group "api" {
    task "api" {
      driver = "docker"
      config {
        image = "registry.example.net/billing:2024.41"
      }
      env {
        STRIPE_PUBLISHABLE_KEY   = "pk_live_fCW3ZMZCimCP97rbUhyOzF5d"
        STRIPE_SECRET_KEY        = "sk_live_VUhkTiXxlKsB434KfaOKQU4T"
        STRIPE_WEBHOOK_SECRET    = "whsec_hlNvQbq0RYlGsQcyusE188RHqvAYCU7q"
        STRIPE_PRICE_ID          = "price_PdKnKmsQMRK796oO1ObdPQwO"
        PAYPAL_CLIENT_ID         = "Aly_yUfY71FM8W02WdBrNRDNI-ny9-RC2fwIuBY7t3tEGd6pOyRbIZ5zYUrtWD2Kvd8xLS80vn61XUKY"
        PAYPAL_CLIENT_SECRET     = "EFg7e8pRxGhKz8aXBERsHL9S2b0-MP_gOO0-x3T6hKutDYxPBtTu1sDGnAU3Z5HQ9B2NCWUS_OswHGdq"
        MOLLIE_API_KEY           = "live_8ybeG0rKAUszoiA67x1dG5Gj3JfZ5Q"
        ADYEN_HMAC_KEY           = "38351CACEB6C7F5154D846699D22B08E11B074562C8A850B9E0FBA4FE4E2815E"
        ADYEN_MERCHANT_ACCOUNT   = "ExampleECOM"
        TWILIO_ACCOUNT_SID       = "ACc19fd638073059d495b2556f2f462bec"
        TWILIO_AUTH_TOKEN        = "130094c2b588637ac555e48476ecbc97"
        VONAGE_SIGNATURE_METHOD  = "sha512"
        MESSAGEBIRD_ACCESS_KEY   = "6IRwcYG3B37UasTA9Nk3XSST0"
        POSTMARK_SERVER_TOKEN    = "3ec91932-1ef0-4294-aa9f-2067d5e252a7"
        MAILGUN_DOMAIN           = "mg.example.net"
        MAILGUN_API_KEY          = "key-7af5b9d0e8d1e766210e47a620215f2c"
        RECAPTCHA_SITE_KEY       = "6Lxa43pmqDV8I-EWqoKUn2n_bNRRPZM2LSRmqA91"
        RECAPTCHA_SECRET_KEY     = "6LEpotrJ-rlQjsxtPNix08UaerqP584tpNib1QKz"
        SENTRY_DSN               = "https://8d12741d572855c1d30cb3d52921179a@o412233.ingest.sentry.io/4507972530102215"
        IDEMPOTENCY_KEY_HEADER   = "Idempotency-Key"
        PAYMENT_TOKEN_EXPIRES_IN = "900"
      }
    }
  }
}
