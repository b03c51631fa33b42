locals {
  region   = "eu-central-1"
  key_name = "ops-2024"

  db_master_password = "Wendeltreppe.99"
  db_master_username = "root"

  registry = {
    server   = "registry.example.net"
    username = "terraform"
    password = "Lagerhalle-B-17"
  }

  oauth_clients = [
    {
      id     = "grafana"
      secret = "R6YgOvAljzXHda2cL7vQBkEmwTmdrDS8syLsmTDh"
    },
    {
      id     = "gitea"
      secret = "gto_sgywmcmp0e4hiomaclhe74dmz7my2wrb1cnoe5lhuredjhbswkkh"
    },
  ]

  slack_webhook         = "https://hooks.slack.com/services/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"
  secrets_manager_arn   = "arn:aws:secretsmanager:eu-central-1:193454163673:secret:shop/db-FS2MOT"
  rotate_after_days     = 90
  enable_password_login = false
}
