terraform {
  required_version = ">= 1.6"
  backend "pg" {
    conn_str = "postgres://tfstate:1ZPnj2Clymo3bzcyD6@db.infra.example/terraform?sslmode=require"
  }
}

variable "db_password" {
  description = "Master password of the RDS instance"
  type        = string
  sensitive   = true
  default     = "Schleuse-Sechs-Nord"
}

variable "datadog_app_key" {
  type      = string
  sensitive = true
}

provider "aws" {
  region     = "eu-central-1"
  access_key = "AKIAHM3KGJ7SQIAWV6EH"
  secret_key = "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"
}

provider "datadog" {
  api_key = "9a06eb7b17c571591a8280a99594acad"
  app_key = var.datadog_app_key
}

resource "aws_db_instance" "main" {
  identifier             = "main"
  engine                 = "postgres"
  username               = "master"
  password               = var.db_password
  kms_key_id             = "arn:aws:kms:eu-central-1:210987654321:key/602c77f9-d3e6-45b8-9354-ce9218946187"
  ca_cert_identifier     = "rds-ca-rsa2048-g1"
  iam_database_authentication_enabled = true
}

resource "aws_secretsmanager_secret" "smtp" {
  name = "platform/smtp-password"
}

resource "aws_secretsmanager_secret_version" "smtp" {
  secret_id     = aws_secretsmanager_secret.smtp.id
  secret_string = jsonencode({ user = "mailer", password = "BrtsvDkyRCR7hR5lemKM" })
}

resource "random_password" "cache" {
  length  = 32
  special = false
}

resource "aws_elasticache_replication_group" "cache" {
  replication_group_id = "cache"
  description          = "sessions"
  auth_token           = random_password.cache.result
}
