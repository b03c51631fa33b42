terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.70" }
  }
  backend "pg" {
    conn_str    = "postgres://tfstate:Makrell-i-tomat@10.20.0.11/terraform"
    schema_name = "shop"
  }
}

variable "db_password" {
  type      = string
  sensitive = true
  default   = "Laks0g-Potet!er"
}

variable "deploy_key_name" {
  default = "fjordkiosk-2025"
}

variable "slack_token" {
  description = "Bot token, starts with xoxb-"
  type        = string
  sensitive   = true
}

provider "aws" {
  region     = "eu-north-1"
  access_key = "AKIACHUDKXIL2PRC2WS7"
  secret_key = "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"
  # token    = "<session token>"
}

provider "cloudflare" {
  email   = "ops@fjordkiosk.no"
  api_key = "4d10b76d0853066dfbcbeac19dc699377db46"
}

resource "aws_key_pair" "deploy" {
  key_name   = var.deploy_key_name
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIvZUkF8FmN53L/VRR7sGbEc+PeJTYElESdTVi3HZeZqm deploy@fjordkiosk"
}

resource "aws_db_instance" "shop" {
  identifier                  = "shop"
  engine                      = "postgres"
  instance_class              = "db.t4g.medium"
  username                    = "kiosk"
  password                    = var.db_password
  manage_master_user_password = false
  kms_key_id                  = "arn:aws:kms:eu-north-1:402116830917:key/ae4695fd-2288-40e0-bb55-ea5ca61cc89b"
}

resource "aws_ssm_parameter" "mailgun" {
  name   = "/shop/mailgun_api_key"
  type   = "SecureString"
  value  = "87dc07f227d39e53ace0cf5f16ae4239-49a54662-a704adef"
  key_id = "alias/shop"
}

resource "aws_secretsmanager_secret_version" "stripe" {
  secret_id = aws_secretsmanager_secret.stripe.id
  secret_string = jsonencode({
    publishable = "pk_live_51r1et317G5Y8cz5hjdcaca9OpFQPbMKETA8nW4isS"
    secret      = "sk_live_51rinJ6ojHvU1ZSXJ0ByUTebKBmEV0hkUC0iyJHDH9"
  })
}

resource "aws_cognito_user_pool" "shop" {
  name = "shop"
  password_policy {
    minimum_length                   = 12
    temporary_password_validity_days = 7
  }
}

resource "aws_dynamodb_table" "carts" {
  name         = "carts"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "cart_token"
  attribute {
    name = "cart_token"
    type = "S"
  }
}
