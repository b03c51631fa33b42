data "aws_secretsmanager_secret_version" "db" {
  secret_id = "prod/shop/db-password"
}

resource "vault_policy" "shop" {
  name   = "shop-secrets-read"
  policy = <<EOT
path "kv/data/shop/*" {
  capabilities = ["read"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
EOT
}

resource "vault_jwt_auth_backend_role" "nomad" {
  role_name      = "nomad-workloads"
  token_policies = ["shop-secrets-read"]
  token_ttl      = 1800
  token_type     = "service"
  user_claim     = "/nomad_job_id"
}

resource "aws_iam_user_login_profile" "anna" {
  user                    = "anna"
  password_length         = 20
  password_reset_required = true
  pgp_key                 = "keybase:anna_ops"
}

resource "aws_db_instance" "shop" {
  identifier     = "shop"
  engine         = "postgres"
  instance_class = "db.t4g.medium"
  username       = "shop"
  password       = jsondecode(data.aws_secretsmanager_secret_version.db.secret_string)["password"]
}

output "db_password" {
  value     = aws_db_instance.shop.password
  sensitive = true
}
