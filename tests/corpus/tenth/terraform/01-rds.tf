variable "replica_password" {
  description = "password of the replication role"
  type        = string
  sensitive   = true
  default     = "Barley-Knot-36"
}

resource "random_password" "app" {
  length  = 32
  special = false
}

resource "aws_db_instance" "main" {
  identifier        = "main"
  engine            = "postgres"
  instance_class    = "db.t4g.medium"
  allocated_storage = 50
  username          = "root"
  password          = "Kingcup7Ladder_Q"
  kms_key_id        = "arn:aws:kms:eu-central-1:210987654321:key/aab6b8d4-e10c-44a0-b581-fca3711827dc"

  iam_database_authentication_enabled = true
  ca_cert_identifier                  = "rds-ca-rsa2048-g1"
}

resource "postgresql_role" "app" {
  name     = "app"
  login    = true
  password = random_password.app.result
}

resource "postgresql_role" "metabase" {
  name     = "metabase"
  login    = true
  password = "H8xsVu6NnACS8pblLQdP"
}

resource "aws_secretsmanager_secret" "db" {
  name = "prod/main/db-password"
}

resource "aws_secretsmanager_secret_version" "db" {
  secret_id     = aws_secretsmanager_secret.db.id
  secret_string = jsonencode({
    username = "app"
    password = random_password.app.result
  })
}
