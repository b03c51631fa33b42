datacenter     = "dc1"
data_dir       = "/opt/consul"
server         = true
encrypt        = "000klV1ly0xO2onUwgkced0s7rsa472fV/mS36vskmE="
encrypt_verify_incoming = true

acl {
  enabled                  = true
  default_policy           = "deny"
  enable_token_persistence = true
  token_ttl                = "30s"
  tokens {
    initial_management = "4884c6ec-2698-40b3-93fc-aa3b360e2454"
    agent              = "45104d46-ff8f-47a2-9f7a-b2802b5bb2a2"
    # replication      = "0b1b6dda-d0fd-4350-b39d-32bfaa9d6553"
  }
}

tls {
  defaults {
    ca_file   = "/etc/consul.d/ca.pem"
    cert_file = "/etc/consul.d/server.pem"
    key_file  = "/etc/consul.d/server-key.pem"
  }
}

connect {
  enabled     = true
  ca_provider = "vault"
  ca_config {
    address               = "https://vault.service.consul:8200"
    token                 = "hvs.WAeGQb8OCl4ICZuxy3QC3ptU"
    root_pki_path         = "connect-root"
    intermediate_pki_path = "connect-int"
    private_key_type      = "ec"
  }
}

retry_join = ["provider=hcloud location=fsn1 label_selector=consul api_token=CtwOHnBeNn9JPPc4fwEFxzGT34w6QiStgn6PZmgiWf4vmkYvOXK3ZPKuF2t15FyV"]
