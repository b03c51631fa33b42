datacenter = "rtm1"
server = true
bootstrap_expect = 3
encrypt = "M4pFmuJArdklB2t1olxyTfa2uNicy5A9fA5TGCojE8U="
encrypt_verify_incoming = true
"tls" {
  "defaults" {
    key_file = "/etc/consul.d/rtm1-server-0-key.pem"
    verify_incoming = true
  }
}
acl {
  enabled = true
  default_policy = "deny"
  tokens {
    initial_management = "98a47270-037d-4710-9e94-6e452e864a80"
    agent = "beff35f9-96ae-491a-a499-2288a476087e"
    # replication = "<replication token>"
  }
  token_ttl = "30s"
}
node_id = "411f07b0-f6f5-4eff-bc98-1151bb80dc3b"
retry_join = ["provider=azure tenant_id=3dc829a0-7de1-4648-851c-0a7b1ebf2139 client_id=41ce039f-dce6-40a7-8ad9-9fc48dfb2b69 subscription_id=aec0ab3c-4f45-43f8-b354-f1fb95908f71 secret_access_key=dzC8Q~Jsrx0le-l4fwMeu_X6Qcuh80tD37d8QeMk tag_name=consul tag_value=server"]
