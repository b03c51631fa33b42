locals {
  app_name    = "granary"
  db_user     = "granary"
  db_password = "Millrace_Oat_47"
  db_url      = "postgres://${local.db_user}:${local.db_password}@db.granary.example/granary"
  basic       = base64encode("granary:stone-ground-5")
  secret_path = "kv/data/${local.app_name}"
  labels      = merge({ team = "bread" }, { tier = "backend" })
}

variable "env" {
  type    = string
  default = "prod"
}

job "granary" {
  group "granary" {
    task "granary" {
      driver = "docker"
      config {
        image = "registry.granary.example/granary:11"
      }
      env {
        DATABASE_URL   = local.db_url
        UPSTREAM_BASIC = local.basic
        API_TOKEN      = var.env == "prod" ? "a003ee5bf394dcdfbabe9b0e58e0b4db" : "54a2d7498d027df836cf8eb73a25e3df"
        WEBHOOK_SECRET = trimspace("iC4gIef3bkoYO2P7OujdTu77")
        SECRET_PATH    = local.secret_path
        SESSION_KEY    = "d83cca1620825731f78080db60aa10bdef0ed8c40ebcd4ba40b618973850a124"
        TLS_KEY_NAME   = upper("granary-tls")
      }
    }
  }
}
