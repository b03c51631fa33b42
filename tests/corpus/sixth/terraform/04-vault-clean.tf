variable "vault_token" {
  type        = string
  sensitive   = true
  description = "Root token; pass it as TF_VAR_vault_token, never write it down"
}

variable "password_length" {
  type    = number
  default = 28
}

variable "secrets_mount" {
  type    = string
  default = "kv/infra"
}

provider "vault" {
  address = "https://vault.nordring.net:8200"
  token   = var.vault_token
}

resource "random_password" "ldap" {
  length           = var.password_length
  override_special = "!#%*()-_=+[]{}<>:?"
}

resource "vault_generic_secret" "ldap" {
  path      = "kv/infra/ldap-admin"
  data_json = jsonencode({ password = random_password.ldap.result })
}

resource "vault_jwt_auth_backend" "nomad" {
  path               = "jwt-nomad"
  jwks_url           = "https://nomad.nordring.net/.well-known/jwks.json"
  jwt_supported_algs = ["RS256"]
  default_role       = "nomad-workloads"
}

resource "vault_jwt_auth_backend_role" "workloads" {
  backend                 = vault_jwt_auth_backend.nomad.path
  role_name               = "nomad-workloads"
  role_type               = "jwt"
  bound_audiences         = ["vault.io"]
  user_claim              = "/nomad_job_id"
  token_type              = "service"
  token_policies          = ["nomad-workloads"]
  token_period            = 1800
  token_explicit_max_ttl  = 0
}

resource "vault_policy" "secrets_read" {
  name   = "secrets-read"
  policy = <<-EOT
    path "kv/data/{{identity.entity.aliases.AUTH.metadata.nomad_job_id}}/*" { capabilities = ["read"] }
    path "auth/token/lookup-self" { capabilities = ["read"] }
  EOT
}

data "vault_kv_secret_v2" "runner" {
  mount = var.secrets_mount
  name  = "gitlab-runner-token"
}

resource "tls_private_key" "deploy" {
  algorithm = "ED25519"
}
