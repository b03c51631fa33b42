locals {
  image = "ghcr.io/mastodon/mastodon:v4.3.0"
  env = {
    LOCAL_DOMAIN     = "social.example.net"
    SECRET_KEY_BASE  = "bb7891d3be0f4f92625a35c483cf3b1c8db1c1740d339024ed257713dce0e80c66c4c940671a5d4c90bcb4da1485f72c094154944abf0c9a763a82a0197f4f38"
    OTP_SECRET       = "50f222ee28e7ef64eb234d9415999f9c885bb3e72cf56e6129b7ddc591f1fd4b0e78f708ce276e8c88cdaf34859dde7cf204d21c83e964641c34eb87ed561eff"
    VAPID_PUBLIC_KEY  = "BKfW-3TSfiYJNWNLdIyNSAR2u-8uU4OZOrFRRlYeENbRHzBt-U2Jejd7sBhhGL3eE3wIXRn-8zav64TEnZ66fsI="
    VAPID_PRIVATE_KEY = "6W7LsiVO5KSpJE7-ZjInaG5o_5rkSZBIvbAudFtnXvF="
    ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY       = "WnykC3KuPZhWlHoVSxrxgbhVbfXkrCaY"
    ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY = "BdsatG8S0tgQVSoyKOrx4eHhYfdTLobK"
    ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT = "kjm6wkVZmxawDc4590140Zrc8rVm7YvP"
    DB_PASS          = "tusk and trunk"
    REDIS_PASSWORD   = ""
    AWS_ACCESS_KEY_ID = "GK6a1ee1f1ad4b081806671e9f"
    AWS_SECRET_ACCESS_KEY = "246e831fc2568ab7b4c41871cdb145528deaa9f2939ee8caa6d4c5529568e821"
    SMTP_PASSWORD    = "toot!toot!17"
    SMTP_AUTH_METHOD = "plain"
    IP_RETENTION_PERIOD = "31556952"
    DEEPL_API_KEY    = "abd03e45-67a5-463e-804d-77f5a2b45427:fx"
    HCAPTCHA_SITE_KEY = "3fd2da53-265b-4812-96b2-858bcff52f02"
  }
}
job "mastodon" {
  group "web" {
    task "web" {
      driver = "docker"
      config { image = local.image }
      env = local.env
    }
    task "streaming" {
      driver = "docker"
      config { image = local.image }
      env {
        DATABASE_URL = "postgres://mastodon:${local.env.DB_PASS}@127.0.0.1/mastodon"
        STREAMING_API_BASE_URL = "wss://streaming.example.net"
      }
    }
  }
}
