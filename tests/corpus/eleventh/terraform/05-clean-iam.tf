resource "google_service_account_key" "ci" {
  service_account_id = google_service_account.ci.name
  public_key_type    = "TYPE_X509_PEM_FILE"
}

resource "google_secret_manager_secret" "db" {
  secret_id = "db-password"
  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_version" "db" {
  secret      = google_secret_manager_secret.db.id
  secret_data = random_password.db.result
}

resource "random_password" "db" {
  length  = 32
  special = false
}

resource "google_sql_user" "app" {
  name     = "app"
  instance = google_sql_database_instance.main.name
  password = random_password.db.result
  password_policy {
    allowed_failed_attempts  = 5
    password_expiration_duration = "2592000s"
  }
}

resource "google_kms_crypto_key" "token" {
  name            = "token-encryption-key"
  key_ring        = google_kms_key_ring.main.id
  rotation_period = "7776000s"
}

resource "google_iam_workload_identity_pool_provider" "gh" {
  workload_identity_pool_provider_id = "gh"
  attribute_condition                = "assertion.repository_owner_id == \"72328316\""
  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

output "db_password" {
  value     = random_password.db.result
  sensitive = true
}
