locals {
  tiendas = {
    olivares = { plan = "pro", ftp = "oliva-2023-FTP", dominio = "olivares.example" }
    zapatos  = { plan = "basic", ftp = "Zapat0s!", dominio = "zapatos.example" }
    muebles  = { plan = "basic", ftp = null, dominio = "muebles.example" }
  }
}

provider "mysql" {
  endpoint = "galera.vip.agencia.example:3306"
  username = "root"
  password = "RR^Vu5nQv^AubEj~23"
}

resource "mysql_user" "tienda" {
  for_each           = local.tiendas
  user               = each.key
  plaintext_password = sha256(random_password.db[each.key].result)
  tls_option         = "NONE"
}

resource "ovh_domain_zone_record" "dkim" {
  for_each  = local.tiendas
  zone      = each.value.dominio
  subdomain = "key1._domainkey"
  fieldtype = "TXT"
  target    = "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A/UdoPrh1xsVXec+wKdLhXT5ANq5t5DAD1E2JiqyXXIvwxS5MmKFgFSKrkqCM"
}

resource "helm_release" "varnish" {
  name       = "varnish"
  chart      = "varnish"
  repository = "https://charts.agencia.example"
  repository_username = "lectura"
  repository_password = "lectura-charts"

  set_sensitive {
    name  = "purge.secretToken"
    value = "f1258d564a122ec9f0cbb3e5b83fb70d"
  }
  set {
    name  = "auth.existingSecret"
    value = "varnish-auth"
  }
}

resource "github_actions_secret" "deploy" {
  repository      = "tiendas"
  secret_name     = "DEPLOY_TOKEN"
  plaintext_value = "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"
}
