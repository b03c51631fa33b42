datacenter = "keller"
data_dir   = "/opt/nomad/data"
log_level  = "INFO"

server {
  enabled          = true
  bootstrap_expect = 1
  encrypt          = "9fNcT4IKEgGOimp6ryT7742F3LnheenMqPk7ZIo5QQg="
  license_path     = "/etc/nomad.d/license.hclic"
}

client {
  enabled = true
  meta {
    secret_store = "vault"
  }
}

acl {
  enabled           = true
  token_ttl         = "30s"
  policy_ttl        = "60s"
  replication_token = "45a914d6-9d35-47f5-9ab5-b37b0f25d05e"
}

consul {
  address = "127.0.0.1:8500"
  auth    = "nomad:ratatoskr-ladder"
  token   = "879f5914-722b-4d59-a1be-73ce0f3e6c75"
}

vault {
  enabled = true
  address = "https://vault.keller.example:8200"
  # token   = "hvs.mSKr3J0jMeO4XlD6IniQy-9s"
  token_role_id   = "nomad-cluster"
  key_file        = "/etc/nomad.d/tls/vault.key"
  tls_server_name = "vault.keller.example"
}

plugin "docker" {
  config {
    auth {
      config = "/home/.docker/config.json"
      helper = "ecr-login"
    }
  }
}

telemetry {
  circonus_api_token  = "b1d4ab49-d2d9-4b17-9fcb-5b4a0d95df74"
  circonus_api_app    = "nomad-keller"
  circonus_check_tags = "service:nomad"
  datadog_address     = "localhost:8125"
}
