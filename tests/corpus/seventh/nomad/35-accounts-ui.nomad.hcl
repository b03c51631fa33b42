# The front end of the accounts pages. It holds no credential: the browser
# gets a short lived token from the gateway, the password never reaches this job.
job "accounts-ui" {
  datacenters = ["yyz"]

  group "ui" {
    count = 2

    task "ui" {
      driver = "docker"

      config {
        image = "registry.northpine.ca/accounts-ui:b22031598926e8019792f4cece6788749c1736eb"
        args  = ["--no-token-cache", "--token-endpoint", "/oauth/token"]
      }

      env {
        PASSWORD_LOGIN               = "true"
        PASSWORD_MIN_LENGTH          = "12"
        PASSWORD_PATTERN             = "^(?=.*[a-z])(?=.*\\d).{12,}$"
        PASSWORD_HINT_TEXT           = "Use at least twelve characters"
        FORGOT_PASSWORD_PATH         = "/account/forgot-password"
        TOKEN_STORAGE                = "sessionStorage"
        TOKEN_REFRESH_SKEW           = "30s"
        API_KEY_HEADER               = "X-Northpine-Key"
        CSRF_COOKIE                  = "__Host-np_csrf"
        RECAPTCHA_SITE_KEY           = "6Le7s-DtzaUs_zUT2X8aZftMhjsP9kwbo3AmgRQV"
        STRIPE_PK                    = "pk_live_Sr3Gyrb0db1rt8bM2GJaLg5J"
        SENTRY_DSN                   = "https://a7dc843565f6ef306e13d6975bb3f259@sentry.northpine.ca/14"
        POSTHOG_KEY                  = "phc_JQjzuzGD1k35DMPNFQQ1FQfLQAT6dOXPy4uaHwO3AHV"
        VAPID_PUBLIC_KEY             = "BN5-CcasEox0ycn1J438jW00bGb7fPKv3BBh-UY8Qm3aSyAlCw4pdrIQGKkFlnUOLImDvWy1PP7m-4xN3dwZp9w"
        AUTH0_CLIENT_ID              = "ZhwjR1HlCpcQ37MJcYwnRXJmhKbJ8R51"
        AUTH0_DOMAIN                 = "northpine.eu.auth0.com"
        I18N_SECRET_QUESTION_KEYS    = "account.secret.pet,account.secret.school"
        ALLOW_SECRET_LINKS           = "false"
      }

      template {
        destination = "local/policy.json"
        data        = <<EOF
{"passwordPolicy": {"history": 5, "maxAgeDays": 365, "forbidden": ["password", "northpine", "letmein"]}}
EOF
      }
    }
  }
}
