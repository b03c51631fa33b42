data "aws_secretsmanager_secret_version" "db" {
  secret_id = "haywain/prod/db"
}

data "vault_kv_secret_v2" "mail" {
  mount = "kv"
  name  = "haywain/mail"
}

locals {
  db = jsondecode(data.aws_secretsmanager_secret_version.db.secret_string)
}

resource "nomad_variable" "haywain" {
  path = "nomad/jobs/haywain"
  items = {
    db_password   = local.db["password"]
    mail_password = data.vault_kv_secret_v2.mail.data["password"]
  }
}

resource "tls_private_key" "ca" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}

output "ca_private_key" {
  value     = tls_private_key.ca.private_key_pem
  sensitive = true
}
