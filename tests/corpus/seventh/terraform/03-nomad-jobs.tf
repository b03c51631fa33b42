provider "nomad" {
  address   = "https://nomad.zebu.dev:4646"
  secret_id = "5953507b-f4de-451b-80a4-01549935d49a"
}

provider "vault" {
  address = "https://vault.zebu.dev"
  auth_login {
    path = "auth/approle/login"
    parameters = {
      role_id   = "54e5ec54-9c4a-47cb-8ae3-3834aad0335d"
      secret_id = "8a1483bb-a4ee-41a9-a3a1-bcbbe842926d"
    }
  }
}

locals {
  registry = "registry.zebu.dev"
  dockercfg = jsonencode({
    auths = {
      "registry.zebu.dev" = {
        auth = base64encode("${var.registry_user}:hump-Back-3000")
      }
    }
  })
}

resource "nomad_variable" "mailer" {
  path = "nomad/jobs/mailer"
  items = {
    smtp_host     = "in-v3.mailjet.com"
    smtp_password = "1195d24734e0717074c45cf807a9f1bd"
    dkim_selector = "zebu2024"
    bounce_secret = "4e4a0f40afcb0f13f22ca78e2ee9bf6d2d3b4d67"
  }
}

resource "nomad_job" "mailer" {
  jobspec = templatefile("${path.module}/mailer.nomad.hcl", {
    image        = "${local.registry}/mailer:1.2"
    imap_pass    = "Ankole-Watusi7"
    secrets_path = "nomad/jobs/mailer"
  })
}

resource "vault_policy" "mailer" {
  name   = "mailer-secrets"
  policy = <<-EOT
    path "kv/data/mailer/*" {
      capabilities = ["read"]
    }
    path "auth/token/renew-self" {
      capabilities = ["update"]
    }
  EOT
}

resource "vault_generic_secret" "ftp" {
  path      = "kv/mailer/ftp"
  data_json = <<EOT
{
  "user": "zebu",
  "password": "savanna-Rains-6",
  "key_path": "/home/zebu/.ssh/id_rsa"
}
EOT
}
