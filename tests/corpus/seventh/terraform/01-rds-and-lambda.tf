terraform {
  required_version = ">= 1.6"

  backend "s3" {
    bucket         = "tallgrass-tfstate"
    key            = "prod/secrets/terraform.tfstate"
    region         = "us-east-2"
    dynamodb_table = "tf-lock"
    access_key     = "AKIANDKDWTFNP7T42ECE"
    secret_key     = "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"
  }
}

provider "aws" {
  region     = "us-east-2"
  access_key = "AKIANDKDWTFNP7T42ECE"
  secret_key = "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"
}

provider "github" {
  owner = "tallgrass-seed"
  token = "ghp_YOn1UAAcs3byouXTfOktOTNuoWjwekW0s6YF"
}

variable "grafana_token" {
  type      = string
  sensitive = true
  default   = "glsa_3Ak4wBlisYoxpUfNbypjmwNfCex4NUex_0894e69f"
}

resource "aws_db_instance" "orders" {
  identifier                  = "orders"
  engine                      = "postgres"
  username                    = "orders_admin"
  password                    = "Bluestem.Prairie.31"
  iam_database_authentication_enabled = false
  performance_insights_kms_key_id     = "arn:aws:kms:us-east-2:345761256433:key/d93b4398-d8e9-4a80-9a7a-6d8a0990846b"
}

resource "aws_secretsmanager_secret" "orders" {
  name                    = "prod/orders/db-password"
  recovery_window_in_days = 7
}

resource "aws_secretsmanager_secret_version" "orders" {
  secret_id     = aws_secretsmanager_secret.orders.id
  secret_string = jsonencode({ username = "orders_admin", password = "Bluestem.Prairie.31" })
}

resource "aws_lambda_function" "sync" {
  function_name    = "seed-sync"
  role             = aws_iam_role.sync.arn
  handler          = "main.handler"
  runtime          = "python3.12"
  filename         = "sync.zip"
  source_code_hash = "O7yvPVzagCzk/5y7Fa/Xhlzz/6hEfYQyeH5+EWR5Qv0="
  environment {
    variables = {
      NETSUITE_ACCOUNT         = "8841207"
      NETSUITE_CONSUMER_SECRET = "bfb167df61a128b3f4534c496af2fac6b0ff663e73a436ab2d319cef8a906f52"
      NETSUITE_TOKEN_SECRET    = "6bd622140fe880d8184e6674084fdb0dd13f1c4ff54c4d88273eb356402a7a73"
      SECRET_ARN               = aws_secretsmanager_secret.orders.arn
      TOKEN_TABLE              = "seed-sync-tokens"
    }
  }
}
