variable "db_admin_password" {
  type      = string
  sensitive = true
  default   = "Tangerine-Viaduct-308"
}

variable "password_length" {
  type    = number
  default = 28
}

resource "random_password" "reporting" {
  length           = var.password_length
  special          = true
  override_special = "!#%*-_=+"
}

resource "aws_db_instance" "main" {
  identifier                          = "main"
  engine                              = "postgres"
  username                            = "root"
  password                            = var.db_admin_password
  iam_database_authentication_enabled = true
  kms_key_id                          = "arn:aws:kms:eu-central-1:417203985521:key/1c04284a-72a8-4056-84d2-7c68dd5eb568"
  ca_cert_identifier                  = "rds-ca-rsa2048-g1"
}

resource "aws_elasticache_replication_group" "sessions" {
  replication_group_id       = "sessions"
  description                = "sessions"
  transit_encryption_enabled = true
  auth_token                 = "Krk3n0nbtNaDERWl2GWyIHWduLqewLIFmsXxBxur"
  auth_token_update_strategy = "ROTATE"
}

resource "aws_ssm_parameter" "smtp" {
  name  = "/prod/smtp/password"
  type  = "SecureString"
  value = "BKg8Fm7CcnOB/WDHykUlQS5NcqYMdzuXIj4HRiiIjtez"
}

resource "aws_ssm_parameter" "reporting" {
  name  = "/prod/reporting/password"
  type  = "SecureString"
  value = random_password.reporting.result
}

resource "aws_secretsmanager_secret_version" "partner" {
  secret_id     = "prod/partner-api"
  secret_string = jsonencode({ user = "moorhen", password = "Kranich!flug7" })
}
