resource "aws_db_instance" "main" {
  identifier        = "orchard-main"
  engine            = "postgres"
  instance_class    = "db.t4g.small"
  allocated_storage = 40
  username          = "orchard"
  password          = "Windfall_Apple_86"
  kms_key_id        = "arn:aws:kms:eu-west-1:210987654321:key/2f4cc7fd-987d-4932-9d54-37a3d88fff7d"

  iam_database_authentication_enabled = true
}

resource "random_password" "reports" {
  length           = 28
  override_special = "!#-_=+"
}

resource "postgresql_role" "reports" {
  name     = "reports"
  login    = true
  password = random_password.reports.result
}

resource "postgresql_role" "etl" {
  name     = "etl"
  login    = true
  password = "scion.Graft.19"
}

resource "nomad_variable" "api" {
  path = "nomad/jobs/orchard-api"
  items = {
    db_password = aws_db_instance.main.password
    jwt_secret  = "Ma2Xzi8dRPm1zWLxkHDQm2FtwIBIjJRMXLWG60yY"
  }
}
