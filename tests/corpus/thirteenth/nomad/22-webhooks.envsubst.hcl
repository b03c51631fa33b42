# rendered with: envsubst '$IMAGE_TAG $DB_PASSWORD $REGISTRY_TOKEN' < webhooks.hcl | nomad job run -
job "webhooks" {
  group "wh" {
    task "wh" {
      driver = "docker"
      config {
        image = "registry.postwerk.example/webhooks:${IMAGE_TAG}"
        auth {
          username = "ci"
          password = "${REGISTRY_TOKEN}"
        }
      }
      env {
        DATABASE_URL   = "postgres://hooks:${DB_PASSWORD}@db.postwerk.example/hooks"
        GITHUB_WEBHOOK_SECRET = "Drei-Briefmarken-2-Stempel"
        GITHUB_APP_ID  = "218840"
        GITHUB_APP_PRIVATE_KEY_FILE = "/secrets/app.pem"
        GITHUB_TOKEN   = "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"
        DISCORD_WEBHOOK = "https://discord.com/api/webhooks/8271387768228873843/bsa5s1V5iVWPh6D8ozA2IDdCLgc8Q8vrngMuabsiXebH5bNEHjBd0yGLriOVBVEy47bQ"
        SLACK_BOT_TOKEN = "xoxb-812451834412-1577486149652-9fW8CZlLHjVbP5Zq9jxelxE7"
        SLACK_SIGNING_SECRET = "b03e94060c62c827b21db79d98508405"
        SLACK_CHANNEL_ID = "C0ECCOISGH4"
      }
    }
  }
}
