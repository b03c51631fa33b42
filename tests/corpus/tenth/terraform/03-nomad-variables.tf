resource "nomad_variable" "shop" {
  path = "nomad/jobs/shop"
  items = {
    db_password = "Rafter-18-Plum"
    api_key     = var.shop_api_key
  }
}

variable "shop_api_key" {
  type      = string
  sensitive = true
}

resource "consul_keys" "mail" {
  key {
    path  = "mail/smtp/password"
    value = "gKYlB2xLqLWw7mD4JW"
  }
  key {
    path  = "mail/smtp/host"
    value = "smtp.example.net"
  }
}

resource "nomad_job" "shop" {
  jobspec = templatefile("${path.module}/shop.nomad.tpl", {
    token    = "ZJNSB2PvFLDUHBYizEHMEbPx3JvmKmC7"
    keyname  = "shop-signing"
  })
}

resource "nomad_acl_policy" "shop" {
  name      = "shop-secrets-read"
  rules_hcl = <<EOT
namespace "default" {
  variables {
    path "nomad/jobs/shop/*" {
      capabilities = ["read"]
    }
  }
}
EOT
}
