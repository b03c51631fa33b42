variable "image_tag" {
  type    = string
  default = "2.8.0"
}

variable "db_password" {
  type        = string
  description = "password of the ledger role, see the vault"
  default     = "0tter.Canal.Lock"
}

variable "api_token" {
  type      = string
  sensitive = true
}

variable "environment" {
  type    = string
  default = "staging"
}

variable "mail" {
  type = object({
    host     = string
    password = string
  })
  default = {
    host     = "smtp.example.org"
    password = "2AoFqquSP5syJYbI4y"
  }
}

locals {
  token_path   = "secret/data/ledger/token"
  cookie_key   = "0b5c423c86ddc34c37f811ef44d4178a23337af2c23bb9a78c53060cd46455a4"
  dsn          = "postgres://ledger:${var.db_password}@pg.example.org/ledger"
  admin_pass   = var.environment == "production" ? var.api_token : "staging-Only-22"
  broker       = format("amqps://%s:%s@mq.example.org/ledger", "ledger", "barley_and_flint")
  basic_header = join(" ", ["Basic", base64encode("svc:Tin-Roof-Rain")])
  key_name     = join("-", ["ledger", "signing", "key"])
}

job "ledger" {
  group "ledger" {
    task "ledger" {
      driver = "docker"
      config {
        image = "registry.example.org/ledger:${var.image_tag}"
      }
      env {
        DATABASE_URL  = local.dsn
        API_TOKEN     = var.api_token
        COOKIE_KEY    = local.cookie_key
        SMTP_PASSWORD = var.mail.password
        ADMIN_PASS    = local.admin_pass
        BROKER_URL    = local.broker
        UPSTREAM_AUTH = local.basic_header
        SIGNING_KEY   = file("./keys/ledger.pem")
      }
    }
  }
}
