datacenter       = "polder"
data_dir         = "/opt/consul"
server           = true
bootstrap_expect = 3
encrypt          = "RojsrEzPqoU8iR6Tleheo/jsrvISRvbIN9qpr/0QUIs="

encrypt_verify_incoming = true

acl {
  enabled                  = true
  default_policy           = "deny"
  enable_token_persistence = true
  tokens {
    initial_management = "c6fddd15-b02b-4779-b9cc-397c0cf33190"
    agent              = "1bd4425f-9659-4e7a-a071-b9175f528b81"
  }
}

tls {
  defaults {
    ca_file   = "/etc/consul.d/ca.pem"
    cert_file = "/etc/consul.d/server.pem"
    key_file  = "/etc/consul.d/server-key.pem"
  }
}

node_id = "e0b25ff8-4c16-49d7-ac89-3780f92b1197"
