datacenter         = "cph1"
primary_datacenter = "cph1"
server             = true
bootstrap_expect   = 3
data_dir           = "/opt/consul"
encrypt            = "OabeofNTzfFQpcLlXjMx5/w1JXu9QSrT8fHBRtj+X+0="
encrypt_verify_incoming = true
retry_join         = ["provider=aws tag_key=consul tag_value=server access_key_id=AKIASGKVXOPP4Z73JNOW secret_access_key=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"]

acl {
  enabled                  = true
  default_policy           = "deny"
  enable_token_persistence = true
  token_ttl                = "30s"
  tokens {
    initial_management = "68607a11-9030-4cde-a0e4-15ea8e09ab02"
    agent              = "2e0d3f23-80c2-47c7-8a0d-5025775aac1b"
  }
}

tls {
  defaults {
    key_file  = "/etc/consul.d/tls/server-key.pem"
    cert_file = "/etc/consul.d/tls/server.pem"
  }
}

connect {
  enabled     = true
  ca_provider = "vault"
  ca_config {
    address               = "https://vault.cph1.havnelog.dk:8200"
    token                 = "hvs.CAESIbqIg0fMsThAxMVaNvcs74OTC2VvYkOa7kYEFGGTiHfD3tFusnCNCuI04nhOnkaZPRWJp3Vod7LcQ9gdD2TNiOeT65k"
    root_pki_path         = "connect-root"
    intermediate_pki_path = "connect-intermediate"
    private_key_type      = "ec"
  }
}

node_id = "b0423740-5f50-48bc-9f08-7a4d8baa409f"

telemetry {
  prefix_filter = ["-consul.acl.token.cache_hit"]
}
