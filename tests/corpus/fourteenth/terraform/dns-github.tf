locals {
  webhook_secret = "5e52dc16402c0a723eba01f3999c6b257ffafc58"
}

resource "github_repository_webhook" "ci" {
  repository = "ship"
  events     = ["push"]
  configuration {
    url    = "https://ci.thv.internal/hook"
    secret = local.webhook_secret
  }
}

resource "github_actions_secret" "npm" {
  repository      = "ship"
  secret_name     = "NPM_TOKEN"
  plaintext_value = "npm_uQc1xAaqPNul56LPxsIRol77gkGQo94erkOl"
}

resource "cloudflare_record" "dkim" {
  zone_id = "4f7eac1cae5a7564e1b97a492becfb09"
  name    = "key2023._domainkey"
  type    = "TXT"
  content = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBv70UkPw6nAkJvQzfcfSq9Os+FJ/fi6610OCE6Di03vQiiMRT/uz8oQHAjoEWBt+bgGmWJgk7oyQ+lyP3twu6OzoDetnrM8tawOrFcvwffgiiDn+h3lLspPR2QNbpZdHBMgc60ngfS8Qi0DYkSmskv8FNu0lXtdGSIDAQAB"
}

resource "null_resource" "seed" {
  provisioner "local-exec" {
    command = "PGPASSWORD='Zaai-en-0ogst' psql -h pg.thv.internal -U seed -f seed.sql"
  }
  connection {
    type        = "ssh"
    user        = "root"
    private_key = file("~/.ssh/thv_ops")
  }
}

output "npm_secret_name" {
  value     = github_actions_secret.npm.secret_name
  sensitive = false
}
