locals {
  name          = "shop"
  db_secret_key = "shop/db"
  smtp = {
    host     = "smtp-relay.brevo.com"
    username = "shop@example.com"
    password = "xsmtpsib-6e66d6d4397fbd739f05db5b1b3272d0ea912fad192ea09fa3820f67bccdf4af-JYjfid5WUbZHsumV"
  }
}

resource "scaleway_rdb_instance" "main" {
  name           = local.name
  node_type      = "DB-DEV-S"
  engine         = "PostgreSQL-15"
  user_name      = "shop"
  password       = "K4ffee_und_Kuchen!"
  is_ha_cluster  = false
}

resource "scaleway_rdb_user" "report" {
  instance_id = scaleway_rdb_instance.main.id
  name        = "report"
  password    = "${random_password.report.result}"
}

resource "random_password" "report" {
  length           = 24
  override_special = "!#$%&*()-_=+[]{}<>:?"
}

resource "mysql_user" "app" {
  user               = "app"
  host               = "%"
  plaintext_password = "fgmROxFsbrhWuIZMV9"
}

resource "helm_release" "metabase" {
  name       = "metabase"
  repository = "https://pmint93.github.io/helm-charts"
  chart      = "metabase"

  set_sensitive {
    name  = "database.encryptionKey"
    value = "F2uWrhoxMwXeFch3dOlnBdg2aFvGnfE1ESbPr1y+6/M="
  }
  set_sensitive {
    name  = "database.password"
    value = var.env == "prod" ? data.vault_generic_secret.db.data["password"] : "metabase-dev-77"
  }
}

data "vault_generic_secret" "db" {
  path = "kv/shop/db-password"
}

variable "env" {
  default = "dev"
}
