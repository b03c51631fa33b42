datacenter       = "dc1"
server           = true
bootstrap_expect = 3
data_dir         = "/opt/consul"
encrypt          = "iQuQYKXagZjWKX27IKT1L0WdQk9qtcQYEqydyXVVKKQ="

encrypt_verify_incoming = true

acl {
  enabled        = true
  default_policy = "deny"
  tokens {
    initial_management = "bd157caf-e16b-4862-9e12-79a70e398e1c"
    agent              = "4abf0424-4739-41d2-a324-8e07492253ea"
    # default          = "<token of the default policy>"
  }
  enable_token_persistence = true
}

tls {
  defaults {
    ca_file   = "/etc/consul/ca.pem"
    cert_file = "/etc/consul/server.pem"
    key_file  = "/etc/consul/server-key.pem"
  }
}

ports {
  https = 8501
}
