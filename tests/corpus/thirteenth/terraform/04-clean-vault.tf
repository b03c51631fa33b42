data "vault_kv_secret_v2" "app" {
  mount = "kv"
  name  = "app/prod"
}

ephemeral "random_password" "db" {
  length           = 20
  override_special = "!#$%&*()-_=+[]{}<>:?"
}

resource "vault_approle_auth_backend_role" "app" {
  role_name          = "app"
  secret_id_num_uses = 10
  secret_id_ttl      = "600"
  token_policies     = ["app-read"]
}

resource "kubernetes_secret" "app" {
  metadata {
    name = "app-credentials"
  }
  data = {
    password = data.vault_kv_secret_v2.app.data["password"]
    token    = "${data.vault_kv_secret_v2.app.data["token"]}"
  }
}

resource "tls_private_key" "web" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}
