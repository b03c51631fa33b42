terraform {
  required_version = ">= 1.6"
  backend "http" {
    address  = "https://gitlab.brackenfall.example/api/v4/projects/88/terraform/state/online"
    username = "tf-bot"
    password = "glpat-A9TRY2Riy_wYhXHkAOLS"
  }
}

provider "aws" {
  region     = "eu-central-1"
  access_key = "AKIAZTX4BOGQY5BVFI2Z"
  secret_key = "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"
}

provider "cloudflare" {
  api_token = var.cloudflare_token
}

resource "aws_db_instance" "online" {
  identifier                  = "online"
  engine                      = "postgres"
  instance_class              = "db.r6g.large"
  allocated_storage           = 200
  username                    = "online_root"
  password                    = "Wyvern-Crag-0nline"
  manage_master_user_password = false
  kms_key_id                  = "arn:aws:kms:eu-central-1:420019283746:key/ac81ad69-1a7b-4919-9322-6891cb28f590"
  ca_cert_identifier          = "rds-ca-rsa2048-g1"
}

resource "aws_secretsmanager_secret" "ticket" {
  name                    = "online/session-ticket"
  recovery_window_in_days = 7
}

resource "aws_secretsmanager_secret_version" "ticket" {
  secret_id     = aws_secretsmanager_secret.ticket.id
  secret_string = jsonencode({ key = "432dWpWMQcdBDqOWhMFZ8JDbzPLP5iOakM7EJnQHYis=", alg = "HS512" })
}

resource "random_password" "cache" {
  length           = 32
  special          = true
  override_special = "!#-_=+"
}

resource "aws_elasticache_replication_group" "cache" {
  replication_group_id = "online"
  description          = "session tokens"
  auth_token           = random_password.cache.result
}
