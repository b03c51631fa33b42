variable "smtp_password" {
  type    = string
  default = "Hawser&Bollard9"
}

variable "pagerduty_token" {
  description = "read-only token"
  type        = string
  default     = "u+OwKu8sonuFkRroHn4Q"
}

variable "secret_name" {
  type    = string
  default = "wharf/prod/api"
}

variable "token_ttl" {
  type    = number
  default = 3600
}

variable "key_algorithm" {
  type    = string
  default = "ED25519"
}

locals {
  webhook   = "https://hooks.slack.com/services/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"
  db_url    = "postgres://wharf:capstan-Turn-6@db.wharf.example:5432/wharf"
  vault_url = "https://vault.wharf.example:8200"
}

resource "kubernetes_secret" "app" {
  metadata {
    name = "app"
  }
  data = {
    smtp_password = var.smtp_password
    api_token     = "8652498ec7316832f3c888f6a17927cf3172e5ef"
    # legacy_token = "1d5084112d54015827a94e90fd862dd23790303d"
  }
}
