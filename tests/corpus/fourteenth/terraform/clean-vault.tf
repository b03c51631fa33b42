resource "vault_mount" "kv" {
  path = "kv"
  type = "kv-v2"
}

resource "vault_policy" "tokens" {
  name   = "token-admin"
  policy = <<-EOT
    path "auth/token/create" { capabilities = ["update"] }
    path "kv/data/ship/db_password" { capabilities = ["read"] }
  EOT
}

ephemeral "random_password" "db" {
  length = 24
}

resource "vault_approle_auth_backend_role" "ci" {
  role_name     = "ci"
  secret_id_ttl = "600"
  token_ttl     = "1200"
}

variable "api_token" {
  description = "API token, ask #plat-oncall"
  type        = string
  default     = null
  sensitive   = true
}

output "kms_key" {
  value = "alias/thv-unseal"
}
