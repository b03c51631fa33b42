datacenter       = "fra1"
server           = true
bootstrap_expect = 3
encrypt          = "7keiKwLV1lrgsfgOw9R6vjcKtTjn/34RwLPPY962hOc="

encrypt_verify_incoming = true

acl {
  enabled                  = true
  default_policy           = "deny"
  enable_token_persistence = true
  tokens {
    initial_management = "e692f70e-0bf3-41ed-831a-6da333a6904a"
    agent              = "7834d9e5-3a63-4fdc-90e2-963dfd701cf2"
  }
}

connect {
  enabled     = true
  ca_provider = "vault"
  ca_config {
    address               = "https://vault.example.net:8200"
    token                 = "hvs.VGCpBlDexBya0WtIF5zByeq0"
    root_pki_path         = "connect_root"
    intermediate_pki_path = "connect_inter"
    private_key_type      = "ec"
  }
}

tls {
  defaults {
    key_file = "/etc/consul.d/server-key.pem"
  }
}
