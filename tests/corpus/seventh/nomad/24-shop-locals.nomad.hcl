variable "image_tag" {
  type    = string
  default = "2024.37.1"
}

variable "db_password" {
  type        = string
  description = "password of the shop role; overridden in prod with -var-file"
  default     = "kaffeeKranz#5"
}

variable "session_keys" {
  type    = list(string)
  default = ["5c00537e8b3c48d2ae89b9c1ffb013ce94e1af408461c587", "90dd2cfb8a5f1b461595919cb589f6aec38bcacf836ed5a1"]
}

variable "smtp" {
  type = object({
    host     = string
    user     = string
    password = string
  })
  default = {
    host     = "smtp.strato.de"
    user     = "shop@roesterei-elbe.de"
    password = "Arabica-Robusta24"
  }
}

variable "token_path" {
  type    = string
  default = "secrets/nomad_token"
}

locals {
  db_host   = "pg.elbe.internal"
  db_url    = format("postgres://shop:%s@%s/shop", var.db_password, local.db_host)
  redis_url = join("", ["redis://default:", "bohnefd28cbc9", "@redis.elbe.internal:6379"])
  basic     = base64encode("lager:Jutesack70kg")
  env_common = merge({
    TZ       = "Europe/Berlin"
    MEILI_KEY = "Ph5BFntuhfIM0OnVWPzyrzy_rsXS0kRbrI0IAe3zbjQ"
  }, {
    MEILI_KEY_NAME = "Default Search API Key"
  })
  allowed_secrets = concat(["shop-db", "shop-smtp"], [])
}

job "shop" {
  datacenters = ["hh1"]

  group "shop" {
    task "shop" {
      driver = "docker"
      config {
        image = "registry.roesterei-elbe.de/shop:${var.image_tag}"
      }
      env {
        DATABASE_URL   = local.db_url
        REDIS_URL      = local.redis_url
        DB_PASSWORD    = var.db_password
        SMTP_PASSWORD  = "${var.smtp.password}"
        LAGER_AUTH     = "Basic ${local.basic}"
        SESSION_SECRET = var.session_keys[0]
        DEBUG_TOKEN    = var.image_tag == "dev" ? "debug-elbe-1234" : ""
      }
    }
  }
}
