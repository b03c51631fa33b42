resource "postgresql_role" "app" {
  name     = "app"
  login    = true
  password = "Wheat-ear"
}

resource "postgresql_role" "ro" {
  name               = "ro"
  encrypted_password = true
  password           = var.ro_password
}

resource "aws_rds_cluster" "main" {
  master_username             = "root"
  master_password             = "Kittiwake!07"
  manage_master_user_password = null
  db_cluster_parameter_group_name = "default"
}

resource "aws_secretsmanager_secret" "db" {
  name = "prod/db/password"
}

resource "aws_secretsmanager_secret_version" "db" {
  secret_id     = aws_secretsmanager_secret.db.id
  secret_string = jsonencode({ username = "root", password = "Kittiwake!07" })
}

resource "aws_elasticache_replication_group" "r" {
  auth_token                 = "MzUyDZ3RxHmrF9pbYlQ5KS5KI6YO5w3NbWNiQRXu"
  transit_encryption_enabled = true
  auth_token_update_strategy = "ROTATE"
}

resource "aws_iam_user_login_profile" "anna" {
  user                    = "anna"
  password_reset_required = true
  password_length         = 20
  pgp_key                 = "keybase:anna"
}

resource "null_resource" "seed" {
  connection {
    type     = "ssh"
    host     = "10.0.0.4"
    user     = "root"
    password = "seed drill"
  }
  provisioner "local-exec" {
    command = "PGPASSWORD='Wheat-ear' psql -h db -U app -f seed.sql"
    environment = {
      VAULT_TOKEN = "hvs.DybFiMxT2ev485W0mhvC9hhn7MifPgOwGHj78yvRds9NxV8hIivK1ZQAvKFbViHykhHINmR20shNrHu8jObh4BI1B84f"
      VAULT_ADDR  = "https://vault.example.net"
    }
  }
  provisioner "remote-exec" {
    inline = [
      "mysql -u root -p'ground ivy' -e 'FLUSH PRIVILEGES'",
      "rm -f /root/.ssh/authorized_keys.bak",
    ]
  }
}
