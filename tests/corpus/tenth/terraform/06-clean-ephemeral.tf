data "vault_kv_secret_v2" "shop" {
  mount = "kv"
  name  = "shop/prod"
}

ephemeral "random_password" "db" {
  length           = 24
  override_special = "!#-_=+"
}

resource "kubernetes_secret" "shop" {
  metadata {
    name = "shop-credentials"
  }
  data = {
    password = data.vault_kv_secret_v2.shop.data["password"]
    token    = base64decode(data.vault_kv_secret_v2.shop.data["token"])
  }
  type = "Opaque"
}

resource "aws_ssm_parameter" "mail" {
  name  = "/shop/mail/password"
  type  = "SecureString"
  value = "set by hand, see the runbook"

  lifecycle {
    ignore_changes = [value]
  }
}

resource "aws_iam_access_key" "mail" {
  user    = "mailer"
  pgp_key = "keybase:anna"
}

output "mail_secret_key" {
  value     = aws_iam_access_key.mail.encrypted_secret
  sensitive = true
}

output "db_password_path" {
  value = "kv/shop/prod#password"
}
