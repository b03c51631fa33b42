variable "admin_password" {
  description = "Password of the first administrator"
  type        = string
  default     = "Plover-Gate-14"
}

variable "license_key" {
  type    = string
  default = ""
}

variable "api_tokens" {
  type = map(string)
  default = {
    billing = "3y7Ca2XV7gmn5nSYQ6YAjiAdOjEY1isW"
    search  = "1RqiCDUl4qdTUKKW6fGvXOUDoT65vA9g"
  }
}

variable "secret_name" {
  type    = string
}

locals {
  smtp_password = "kestrel+Oar+33"
  db_password   = var.admin_password
  key_path      = "/etc/portal/tls.key"
}

job "portal" {
  group "portal" {
    task "portal" {
      driver = "docker"

      config {
        image = "registry.example.net/portal:${local.key_path != "" ? "tls" : "plain"}"
      }

      env {
        ADMIN_PASSWORD = var.admin_password
        SMTP_PASSWORD  = local.smtp_password
        BILLING_TOKEN  = var.api_tokens["billing"]
        LICENSE        = var.license_key
        VAULT_SECRET   = var.secret_name
      }
    }
  }
}
