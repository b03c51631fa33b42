job "kiosk-sidekiq" {
  datacenters = ["osl1"]

  group "workers" {
    count = 1

    task "sidekiq" {
      driver = "docker"

      vault {
        policies = ["kiosk-db"]
      }

      config {
        image   = "ghcr.io/fjordkiosk/shop@sha256:f88a45be601a0e09956e131a8182c3fd7901a794d0200bf8e9d8c560e9ceb154"
        command = "bundle"
        args    = ["exec", "sidekiq", "-q", "critical,5", "-q", "mailers"]

        logging {
          type = "splunk"
          config {
            splunk-url   = "https://splunk.fjordkiosk.no:8088"
            splunk-token = "426143fc-0106-4036-8460-33f8366855d7"
            tag          = "sidekiq"
          }
        }
      }

      template {
        destination = "secrets/db.env"
        env         = true
        data        = <<-EOT
          {{ with secret "database/creds/kiosk-rw" }}
          DATABASE_URL=postgres://{{ .Data.username }}:{{ .Data.password }}@pg.service.consul/kiosk_production
          {{ end }}
          SIDEKIQ_WEB_USER=ops
          SIDEKIQ_WEB_PASSWORD=Kaffepause-14:30
          ACTIVE_JOB_QUEUE_KEY=kiosk_jobs
          BUNDLE_GEMS__CONTRIBSYS__COM=fdb74225:5f3a9d4c
        EOT
      }

      env {
        REDIS_PROVIDER                 = "REDIS_SIDEKIQ_URL"
        REDIS_SIDEKIQ_URL              = "redis://sidekiq:mørketid2021@10.20.0.14:6379/0"
        AWS_REGION                     = "eu-north-1"
        AWS_ACCESS_KEY_ID              = "AKIAFMVPRASNVRY5KXJ6"
        AWS_SECRET_ACCESS_KEY          = "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"
        ACTIVE_STORAGE_KMS_KEY         = "arn:aws:kms:eu-north-1:402116830917:key/5a635c22-efed-427e-a58b-efae95a379ff"
        AR_ENCRYPTION_PRIMARY_KEY      = "oOTBXNe05mMPNPFDwGz9d46BRdVBqHHr"
        AR_ENCRYPTION_DETERMINISTIC    = "rblOnF5L0x24nypYMtlYI0AEGEzziDOo"
        AR_ENCRYPTION_DERIVATION_SALT  = "fMC3F09ZF8LaMjcCcpRZllWOnxGOYdzJ"
        VIPPS_CLIENT_ID                = "815e1a35-65e6-4eb7-9ced-61e5b09c19c1"
        VIPPS_CLIENT_SECRET            = "EjvtK7oZUnZfOsdMzQdDY2sYau="
        VIPPS_SUBSCRIPTION_KEY         = "6f1d1b8cc543d60a4dd75316e67288a9"
        SLACK_WEBHOOK                  = "https://hooks.slack.com/services/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"
        SMS_GATEWAY_AUTH_MODE          = "basic"
      }
    }
  }
}
