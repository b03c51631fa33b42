job "support-bot" {
  datacenters = ["rtm1"]
  group "bot" {
    task "bot" {
      driver = "docker"
      config {
        image      = "jdevries/support-bot:latest"
        force_pull = true
      }
      # temp!!! move these
      env {
        SLACK_BOT_TOKEN   = "xoxb-475210737472-9411437588104-Ix0sbMiFpXFQr9iLAVTjWFNz"
        SLACK_SIGNING_SECRET = "66c3c2043a03092863ae82ba110a72b9"
        TELEGRAM_TOKEN    = "5476122284:AAAC8aJIT3xmOMGPIyMJPdozzKlmOfMHicY"
        ANTHROPIC_API_KEY = "sk-ant-api03-IWdy0YAtCxdfy6TnSQB8PmJ1VQLR0Q7kbB-RHJr3mplkfnQ1cse2bilW9TKTV0-eyzrrdwPP0GxpHNLuQS7VjVv0KkT5-AA"
        # OPENAI_KEY      = "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"   // old acct
        // ZENDESK_TOKEN  = "s2eMRmVA6xHjCyuALeuyTMzVimUDQpwy6j46uMUQ"
        ZENDESK_AUTH      = "jan@tillerhaven.example/token:PCJ0UHW6eKc3qdSw2NRm2uqIHnjnHD8UCDZF8hP4"
        TWILIO_SID        = "AC92afb6859ecdec84fb06178dc2535431"
        TWILIO_TOKEN      = "42c1392e6c6458ab7144820d955539e2"
        REDIS             = "redis://default:bot-Bot-b0t@redis.thv.internal:6379"
        JIRA_TOKEN        = "FIXME"
        BOT_SECRET_PHRASE = "the whale swims at noon"
        MAX_REPLY_TOKENS  = "800"
        DISCORD_HOOK      = "https://discord.com/api/webhooks/247978326508442461/Y6IXHwOQdcRa3WyCoktWje6-Qt02vqs5Uy1AKp1yBtTaltL8WQPCJIB3E1wIohIpkrbE"
      }
    }
  }
}
