datacenter = "dc1"
server     = true
encrypt    = "qHVEAFHIPC9wZv/ItGaoqZ3y8k+HB5sFyYs0ZYBu+Yc="
encrypt_verify_incoming = true

acl {
  enabled        = true
  default_policy = "deny"
  enable_token_persistence = true
  tokens {
    initial_management = "a7b3d242-190d-4855-ba95-7fed37eb9e00"
    agent              = "eda71b40-da2b-4aa7-87da-bfde6cde88d0"
    default            = "00000000-0000-0000-0000-000000000002"
    replication        = "eb1ca24d-dfbf-4c94-8a48-fec5b03d0e7f"
  }
}
connect {
  enabled     = true
  ca_provider = "vault"
  ca_config {
    address               = "https://vault.example.net:8200"
    token                 = "hvs.GBS93ctn1QF7KmqJ7wSiqYmO"
    root_pki_path         = "connect-root"
    leaf_cert_ttl         = "72h"
    private_key_type      = "ec"
  }
}
tls {
  defaults {
    key_file = "/etc/consul.d/tls/server.key"
  }
}
node_id = "a9dd6e12-8d2c-4820-a9e5-42d437cac35f"
