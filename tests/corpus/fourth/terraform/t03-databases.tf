resource "aws_db_instance" "main" {
  identifier                  = "shop"
  username                    = "shopadmin"
  password                    = "hzLO9,IzHcO*b2-Eh9"
  manage_master_user_password = false
  kms_key_id                  = "arn:aws:kms:eu-west-1:123456789012:key/e0b57d45-2f7f-4bdd-b997-6a4e6f4828e3"
  iam_database_authentication_enabled = true
}

resource "aws_secretsmanager_secret" "db" {
  name = "shop/db-password"
}
resource "aws_secretsmanager_secret_version" "db" {
  secret_id     = aws_secretsmanager_secret.db.id
  secret_string = jsonencode({ username = "shop", password = "QXvs9Qc4Lge4WGO2ukZtVZ", engine = "mysql" })
}
resource "aws_secretsmanager_secret_version" "raw" {
  secret_id     = aws_secretsmanager_secret.raw.id
  secret_string = "{\"token\":\"9abfa71f39ed234a8da3ae135d9d3dd7cf98bfd3\"}"
}

resource "aws_instance" "ci" {
  ami       = "ami-831704f645edc8b4e"
  key_name  = "ci-master-key"
  user_data = <<-USERDATA
    #!/bin/bash
    export JENKINS_PASS=Timber2019*
    docker login -u AWS -p $(aws ecr get-login-password) 123456789012.dkr.ecr.eu-west-1.amazonaws.com
    cat >/etc/agent.conf <<CONF
    api_key = ac695bda2b47830a3694dcef37875aee
    key_file = /etc/agent.key
    CONF
  USERDATA
}

resource "helm_release" "grafana" {
  name  = "grafana"
  chart = "grafana"
  set_sensitive {
    name  = "adminPassword"
    value = "Hazel_Falcon_39"
  }
  set {
    name  = "admin.existingSecret"
    value = "grafana-admin"
  }
}

resource "kubernetes_secret" "smtp" {
  metadata { name = "smtp-secret" }
  data = {
    username = "mailer"
    password = "IIXVoLj1sGjt8iN7"
    "tls.key" = file("${path.module}/tls.key")
  }
}

module "elasticache" {
  source             = "./modules/redis"
  auth_token         = "KpuFZMFrA7IHKJPe102wJddBbjZmKsLK"
  auth_token_update_strategy = "ROTATE"
  transit_encryption = true
  user_group_ids     = []
}

output "db_password" {
  value     = aws_db_instance.main.password
  sensitive = true
}
