locals {
  mastodon_version = "v4.3.1"
  smtp = {
    server   = "smtp.eu.mailgun.org"
    login    = "mastodon@mg.example.social"
    password = "ff35e369e8016f74d6311bdc4306eb14-e628c7a0-5e959609"
  }
  common_env = {
    LOCAL_DOMAIN      = "example.social"
    SINGLE_USER_MODE  = "false"
    REDIS_HOST        = "127.0.0.1"
    DB_PASS           = "8EQc5CzM2Rs5SjWBknDikpTKb9Qt"
    SECRET_KEY_BASE   = "7432562cea1edf0acb5194847a531b6f4322adca73bfb3bda0588b189a048a3ecbbd21dd4538b71fc9d2ab79cd94eef629bebe9759333c6e514be4aca5c65ed4"
    OTP_SECRET        = "ec157c52c70c1d52607a82b5d804daa66bc13021e327fbfab9d46eb102ad3fd6ea523a01f2d235ef48383ae473fa85bf96aa07b41ed47c0ca273f9ab47afb89a"
    VAPID_PRIVATE_KEY = "5hUyvUetHm-qI9wqxLaTN2vDJfGc4J3O-IM51GxED98="
    VAPID_PUBLIC_KEY  = "c7dNXdYv2uckh-xuUl7LxeT_jUig1DV0ITDSZujs4jlfBey7SQ-9_AFrSJBDA9laEQQ0SQVZRzpcKkdR7phiGTA="
    ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY   = "c2jZcDzRxE3Fc0Q6HjSkid3NBq44iGKO"
    ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT = "JBwhIUCuNLqVb43NYNqScJ1UhVx3sHZt"
    ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY         = "Or9OK4CsJjGOwG8BnDQxCozBuj22ILGX"
    AWS_ACCESS_KEY_ID     = "60bad87f1c7312cd4a8c" # scaleway/minio style, no AKIA
    AWS_SECRET_ACCESS_KEY = "75wc50w5acrbewgkgwrr82j037jmb11yql1xc4ia"
    SMTP_PASSWORD         = local.smtp.password
    SMTP_AUTH_METHOD      = "plain"
    S3_ENABLED            = true
  }
}

job "mastodon" {
  datacenters = ["hel1"]

  dynamic "group" {
    for_each = {
      web       = ["bundle", "exec", "puma", "-C", "config/puma.rb"]
      sidekiq   = ["bundle", "exec", "sidekiq"]
    }
    labels = [group.key]

    content {
      task "mastodon" {
        driver = "docker"
        config {
          image   = "ghcr.io/mastodon/mastodon:${local.mastodon_version}"
          command = group.value[0]
          args    = slice(group.value, 1, length(group.value))
        }
        env = merge(local.common_env, {
          DEEPL_API_KEY  = "1cc4ea81-a308-4e74-864c-dd49577e5705:fx"
          HCAPTCHA_SITE_KEY = "adf3ef65-a5e9-4d85-90d1-168e716799cf"
          HCAPTCHA_SECRET_KEY = "0x08901416e94df7b531bed457064a8d2585919e00"
          OIDC_CLIENT_ID = "mastodon"
          OIDC_CLIENT_SECRET = var.oidc_client_secret
        })
      }
    }
  }
}

variable "oidc_client_secret" {
  type        = string
  description = "from keycloak, secret of the client 'mastodon'"
  sensitive   = true
}
