variable "db_password" {
  type        = string
  sensitive   = true
  description = "Set through TF_VAR_db_password in the pipeline"
}

variable "secret_names" {
  type    = list(string)
  default = ["app/db-password", "app/smtp-token"]
}

data "aws_secretsmanager_secret_version" "app" {
  for_each  = toset(var.secret_names)
  secret_id = each.value
}

resource "random_password" "session" {
  length  = 40
  special = false
  keepers = {
    rotation = "2024-06-01"
  }
}

resource "aws_ssm_parameter" "session" {
  name  = "/app/prod/session_secret"
  type  = "SecureString"
  value = random_password.session.result
}

resource "aws_iam_user" "ci" {
  name = "ci"
}

resource "aws_iam_account_password_policy" "strict" {
  minimum_password_length        = 14
  require_symbols                = true
  allow_users_to_change_password = true
  password_reuse_prevention      = 5
  max_password_age               = 90
}

resource "aws_cognito_user_pool_client" "web" {
  name                         = "web"
  user_pool_id                 = "eu-west-1_AhaT6ryjY"
  generate_secret              = true
  explicit_auth_flows          = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  access_token_validity        = 60
}

resource "kubernetes_secret" "db" {
  metadata {
    name = "app-db"
  }
  data = {
    password = var.db_password
    url      = "postgres://app:${var.db_password}@${aws_db_instance.app.address}/app"
  }
}

resource "aws_key_pair" "ops" {
  key_name   = "ops-2024"
  public_key = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQCmV867kzFM7pXD+WdivOqAtsxOrqqnSWCI7ocNAvb0hqgDJhuJwgCs1DlgCvGHe6MrJgsMSJ65eWjr8g0ZKDHS4rX00l2YALQQg4WADuoCH3heeN5aJdNdcM4 ops@kestrel"
}

output "db_password" {
  value     = var.db_password
  sensitive = true
}
