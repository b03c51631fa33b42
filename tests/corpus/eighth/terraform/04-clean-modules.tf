# Parolalar Vault'tan okunur; durum dosyasında da görünmez.
data "vault_kv_secret_v2" "wms" {
  mount = "kv"
  name  = "lojistik/wms"
}

ephemeral "random_password" "once" {
  length = 24
}

module "wms_db" {
  source          = "git::ssh://git@git.lojistik.example/tf/oracle.git?ref=v3.4.1"
  admin_password  = data.vault_kv_secret_v2.wms.data["admin_password"]
  password_policy = "ORA12C_STRONG_VERIFY_FUNCTION"
  wallet_path     = "/opt/oracle/wallet"
}

resource "nomad_acl_policy" "deploy" {
  name      = "deploy"
  rules_hcl = <<EOT
namespace "default" {
  capabilities = ["submit-job", "read-fs"]
  variables { path "nomad/jobs/*" { capabilities = ["read"] } }
}
EOT
}

resource "nomad_acl_token" "ci" {
  name     = "ci-deploy-token"
  type     = "client"
  policies = [nomad_acl_policy.deploy.name]
  expiration_ttl = "24h"
}

resource "tls_private_key" "mq" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}

resource "aws_key_pair" "ops" {
  key_name   = "ops-2025"
  public_key = file("${path.module}/keys/ops.pub")
}

output "ci_token" {
  value     = nomad_acl_token.ci.secret_id
  sensitive = true
}
