datacenter = "dc1"
data_dir   = "/opt/consul"
server     = true
encrypt    = "a2Qk6IgCRJppibRuiIjP/HPXQia1nX0QiSw+d8VaqkM="

acl {
  enabled                  = true
  default_policy           = "deny"
  down_policy              = "extend-cache"
  enable_token_persistence = true
  token_ttl                = "30s"
  tokens {
    initial_management = "a90fc54d-53a7-44a7-92e1-a4071a131b83"
    agent              = "064b82bb-a4f0-4a78-a7a6-81e510c40485"
    default            = "7e5e4109-dd44-4d95-b51d-19cd69a12b0f"
  }
}

tls {
  defaults {
    ca_file   = "/etc/consul.d/ca.pem"
    key_file  = "/etc/consul.d/server-key.pem"
    cert_file = "/etc/consul.d/server.pem"
  }
}

connect {
  enabled     = true
  ca_provider = "vault"
  ca_config {
    address               = "https://vault.service.consul:8200"
    token                 = "hvs.CAESIU5VHYqL8xXB5WFfuW1ZsLTzoWr0cgjXhanQ2QlqMf4qfQ6O_wU8176XQmhjvkXqUQhWPSny5KZY5Qjeb_OlYGQ5y28"
    root_pki_path         = "connect-root"
    intermediate_pki_path = "connect-dc1"
    private_key_type      = "ec"
  }
}
