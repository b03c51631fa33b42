datacenter = "graz"
server     = true
encrypt    = "nq39Sj9gD/h5pnCSEaSDArsfgZk1anXVVqUiNs+ynOk="

acl {
  enabled        = true
  default_policy = "deny"
  tokens {
    initial_management = "98f402c8-1700-471f-b4b3-b47e43708c45"
    agent              = "6e3a64fe-0847-42e3-8757-697cc3a675e3"
    # default = "<uuid of the anonymous policy>"
  }
}

tls {
  defaults {
    key_file        = "/etc/consul.d/server-key.pem"
    verify_incoming = true
  }
}

connect {
  enabled     = true
  ca_provider = "vault"
  ca_config {
    address       = "https://vault.graz.example:8200"
    token         = "hvs.Fp7bRqlOBx57IBwCOOT7xQoL"
    root_pki_path = "connect-root"
    leaf_cert_ttl = "72h"
  }
}
