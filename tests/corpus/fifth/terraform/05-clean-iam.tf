data "aws_secretsmanager_secret_version" "db" {
  secret_id = "prod/main/db"
}

data "aws_kms_alias" "backups" {
  name = "alias/backups"
}

resource "aws_iam_access_key" "ses" {
  user    = aws_iam_user.ses.name
  pgp_key = "keybase:moorhenops"
}

resource "aws_key_pair" "ops" {
  key_name   = "ops"
  public_key = file("~/.ssh/ops.pub")
}

resource "aws_iam_account_password_policy" "strict" {
  minimum_password_length        = 16
  require_symbols                = true
  password_reuse_prevention      = 5
  max_password_age               = 365
  allow_users_to_change_password = true
}

resource "aws_dynamodb_table" "locks" {
  name     = "terraform-locks"
  hash_key = "LockID"
  attribute {
    name = "LockID"
    type = "S"
  }
}

module "app" {
  source         = "./modules/app"
  db_password    = jsondecode(data.aws_secretsmanager_secret_version.db.secret_string)["password"]
  smtp_password  = aws_iam_access_key.ses.ses_smtp_password_v4
  token_endpoint = "https://sso.moorhenlabs.com/oauth2/token"
  private_key    = tls_private_key.app.private_key_pem
}

output "smtp_password" {
  value     = module.app.smtp_password
  sensitive = true
}
