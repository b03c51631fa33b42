job "flagd" {
  group "flagd" {
    task "flagd" {
      driver = "docker"
      config {
        image = "ghcr.io/open-feature/flagd:v0.10.1"
        args  = ["start", "--uri", "file:/local/flags.json"]
      }
      template {
        destination = "local/flags.json"
        data        = <<EOF
{
  "flags": {
    "new-password-screen": {"state": "ENABLED", "defaultVariant": "blue", "variants": {"blue": "password-v2", "red": "password-v1"}},
    "token-refresh": {"state": "DISABLED", "defaultVariant": "slow", "variants": {"slow": "30m", "fast": "5m"}},
    "api-key-rotation": {"state": "ENABLED", "defaultVariant": "on", "targeting": {"in": [{"var": "api_key_age"}, [30, 60]]}}
  }
}
EOF
      }
      env {
        FLAGD_KEY_COLUMN     = "flag_key"
        FLAGD_SECRET_SOURCE  = "vault"
        FLAGD_ETAG           = "W/\"be0f317d80a8a3a538a68d2c318702cf\""
        FLAGD_SERVER_KEY_PATH = "/certs/flagd.key"
        PASS_THROUGH         = "true"
        ACCESS_KEY_ID_HEADER = "X-Thv-Key-Id"
      }
    }
  }
}
