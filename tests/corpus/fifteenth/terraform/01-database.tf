provider "aws" {
  region     = "eu-west-1"
  access_key = "AKIAET52PXMU56VZ3MTY"
  secret_key = "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"
}

variable "region" {
  type    = string
  default = "eu-west-1"
}

variable "replica_password" {
  type      = string
  sensitive = true
  default   = "Heron&Sedge88"
}

resource "aws_db_instance" "crm" {
  identifier                  = "crm"
  engine                      = "postgres"
  instance_class              = "db.t4g.medium"
  username                    = "crm"
  password                    = "uX6-parsnip-Lathe"
  manage_master_user_password = false
  kms_key_id                  = "arn:aws:kms:eu-west-1:123456789012:key/24b277e7-d35d-4c7d-b3d8-38be484aca56"
}

resource "aws_db_instance" "replica" {
  identifier = "crm-replica"
  password   = var.replica_password
}

resource "aws_secretsmanager_secret" "crm" {
  name = "crm/database"
}

resource "aws_ssm_parameter" "token" {
  name  = "/crm/slack_token"
  type  = "SecureString"
  value = "xoxb-364433791105-2007861802307-pkkkN4nnvirdmrGB2eyZ0nA4"
}

resource "aws_key_pair" "ops" {
  key_name   = "ops"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIQx3W2ex8ZnC7EkjwrK0JFaZTWz3POxazo908VNmRcew ops@example.org"
}

resource "aws_instance" "worker" {
  ami           = "ami-0a1b2c3d4e5f67890"
  instance_type = "t3.small"
  user_data     = <<-EOF
    #!/bin/bash
    echo "CRM_DB_PASSWORD='uX6-parsnip-Lathe'" >> /etc/crm.env
    echo "REGION=${var.region}" >> /etc/crm.env
    systemctl restart crm
  EOF
}
