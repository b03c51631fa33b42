ephemeral "aws_secretsmanager_secret_version" "db" {
  secret_id = "prod/db"
}
resource "aws_db_instance" "a" {
  password_wo         = jsondecode(ephemeral.aws_secretsmanager_secret_version.db.secret_string)["password"]
  password_wo_version = 2
}
resource "aws_cognito_user_pool" "p" {
  password_policy {
    minimum_length                   = 14
    temporary_password_validity_days = 3
  }
  access_token_validity = 60
}
resource "aws_dynamodb_table" "sessions" {
  hash_key  = "session_token"
  range_key = "created_at"
}
data "aws_ssm_parameter" "token" { name = "/prod/api/token" }
locals {
  secret_names = { db_password = "/app/db-password" }
  kms_alias    = "alias/app-secrets"
}
