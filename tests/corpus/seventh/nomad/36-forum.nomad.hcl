job "forum" {
  datacenters = ["dc1"]
  /* 2023-11: moved off heroku.
     old env, keep until Jan:
       HEROKU_API_KEY=HRKU-730d21e9-e233-4c90-bb4f-20047226249d
       BONSAI_URL=https://2qpudg80td:hg1enr5sl1bs3ut9@maple-1234.us-east-1.bonsaisearch.net
  */

  group "discourse" {
    task "app" {
      driver = "docker"
      config {
        image = "discourse/discourse:3.3"
      }
      env {
        DISCOURSE_HOSTNAME      = "talk.brassbell.org"
        DISCOURSE_DB_HOST       = "10.1.1.9"
        DISCOURSE_DB_PASSWORD   = "ding_dong_witch"
        # DISCOURSE_DB_PASSWORD = "brass123"
        DISCOURSE_SMTP_ADDRESS  = "smtp.migadu.com"
        DISCOURSE_SMTP_USER_NAME = "talk@brassbell.org"
        DISCOURSE_SMTP_PASSWORD = "clapper.Rope48"
        DISCOURSE_REDIS_HOST    = "10.1.1.10"
        # DISCOURSE_REDIS_PASSWORD: none, redis only listens on the bridge
        DISCOURSE_MAXMIND_LICENSE_KEY = "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"
        DISCOURSE_ENABLE_CORS   = "true"
        // DISCOURSE_S3_SECRET_ACCESS_KEY = "aRQBKgWuhYz7WMmNX81FYyy2ZvkzzyYxSr7EKeJW"
        // DISCOURSE_S3_ACCESS_KEY_ID     = "AKIAXR56VTXLLKFJN6VG"
        DISCOURSE_S3_USE_IAM_PROFILE = "true"
        DISCOURSE_SSO_SECRET_NAME = "forum/sso"
      }
      # example from the docs, not ours: PLUGIN_TOKEN="your-token-here"
      resources {
        cpu    = 1500
        memory = 3000 # the token bucket plugin eats memory
      }
    }
  }
}
