resource "aws_db_instance" "shop" {
  identifier                      = "shop"
  engine                          = "postgres"
  instance_class                  = "db.t4g.medium"
  username                        = "shop"
  password                        = "Regalboden-19-oben"
  kms_key_id                      = "arn:aws:kms:eu-central-1:301500079752:key/aa208c86-c311-4c25-9153-39f3a40552af"
  performance_insights_kms_key_id = aws_kms_key.pi.arn
  iam_database_authentication_enabled = true
}

resource "aws_db_instance" "wiki" {
  identifier                  = "wiki"
  engine                      = "mysql"
  instance_class              = "db.t4g.small"
  manage_master_user_password = true
}

resource "aws_ssm_parameter" "smtp" {
  name  = "/shop/smtp_password"
  type  = "SecureString"
  value = "Luftpost.blau.3"
}

resource "aws_secretsmanager_secret_version" "partner" {
  secret_id     = aws_secretsmanager_secret.partner.id
  secret_string = "prt_PcP3gQkqlqGrxWLcjOGs19rbtMKz5KVm"
}

resource "kubernetes_secret" "shop" {
  metadata {
    name = "shop-credentials"
  }
  data = {
    jwt_secret = "10eb134c27045497dfb85f5ac396729d8d5069cd9ad6d908a3254aa509c3a9c0"
    admin_pass = random_password.admin.result
  }
}

resource "random_password" "admin" {
  length           = 24
  override_special = "!#-_"
}
