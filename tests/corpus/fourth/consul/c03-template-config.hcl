vault {
  address      = "https://vault.example.net:8200"
  token        = "s.3bObaVy1amPGMyuvFyOcbmC3"
  unwrap_token = false
  renew_token  = true
  vault_agent_token_file = "/run/vault/token"
}
consul {
  auth {
    enabled  = true
    username = "ct"
    password = "Sierra_Meadow_18"
  }
  token_file = "/run/consul/token"
}
auto_auth {
  method "approle" {
    config = {
      role_id_file_path   = "/etc/vault/role_id"
      secret_id_file_path = "/etc/vault/secret_id"
    }
  }
}
template {
  contents    = "DB_PASS={{ with secret \"database/creds/app\" }}{{ .Data.password }}{{ end }}"
  destination = "/etc/app/env"
}
