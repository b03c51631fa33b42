datacenter       = "fra1"
server           = true
bootstrap_expect = 3
encrypt          = "TV1wol0K5vCSJUwIeyL4nAhcaE00qayk9KgnUSWns0Y="

acl {
  enabled        = true
  default_policy = "deny"
  token_ttl      = "30s"
  tokens {
    initial_management = "a0d707c0-1e31-4163-930f-f29cf5049e2a"
    agent              = "60e1e871-bfea-49ba-9a29-9edbee059871"
    default            = ""
  }
}

tls {
  defaults {
    ca_file  = "/etc/consul.d/ca.pem"
    key_file = "/etc/consul.d/server-key.pem"
  }
}

node_id = "222d9279-b84f-4e7c-8c63-1776eb12ef8c"
