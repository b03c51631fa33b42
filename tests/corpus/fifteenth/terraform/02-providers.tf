terraform {
  required_version = ">= 1.6"

  backend "pg" {
    conn_str = "postgres://tfstate:Spindle-44-Oak@pg.example.org/terraform?sslmode=require"
  }
}

provider "cloudflare" {
  api_token = "WbFSqa3FqxUWqrJz_b2uLlmCyWIMaQ-6c6CrQWEG"
}

provider "hcloud" {
  token = var.hcloud_token
}

provider "postgresql" {
  host     = "pg.example.org"
  username = "terraform"
  password = "Zinc.Gable.902"
}

# provider "github" {
#   token = "ghp_6FKqEBfts2ngpayH2IHpIKYlyTVfB5VYwwkX"
# }

data "vault_generic_secret" "dd" {
  path = "secret/platform/datadog"
}

provider "datadog" {
  api_key = data.vault_generic_secret.dd.data["api_key"]
  app_key = data.vault_generic_secret.dd.data["app_key"]
}
