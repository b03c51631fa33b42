variable "image_tag" {
  type    = string
  default = "2.9.1"
}

variable "db_password" {
  type        = string
  description = "password of the shop database"
  default     = "Kassensturz-31"
}

variable "search_api_key" {
  type    = string
  default = ""
}

variable "license_token" {
  type      = string
  sensitive = true
  default   = "vqOaWhwLrIFWUnVO0oXQ5tSz8RYWaKU8"
}

variable "secret_path" {
  type    = string
  default = "kv/data/shop"
}

locals {
  token_ttl   = "12h"
  hmac_secret = "9b5450297712c25971193837db0ed1dcfc8a6f41ce5e39636374a5da16b642e7"
  key_name    = "shop-signing-2024"
}

job "shop" {
  group "shop" {
    task "shop" {
      driver = "docker"
      config {
        image = "registry.example.net/shop:${var.image_tag}"
      }
      env {
        DB_PASSWORD    = var.db_password
        LICENSE_TOKEN  = "${var.license_token}"
        HMAC_SECRET    = local.hmac_secret
        SEARCH_API_KEY = var.search_api_key
        TOKEN_TTL      = local.token_ttl
        COOKIE_SECRET  = "t6uubGA1EVVS0MZiH1uD4Y6U5J9SArrnfG1AMCrhHpv2q2qd"
        KEY_NAME       = local.key_name
      }
      vault {
        role = "shop-secrets"
      }
    }
  }
}
