datacenter         = "hh1"
primary_datacenter = "hh1"
node_name          = "consul-hh1-1"
server             = true
bootstrap_expect   = 3
encrypt            = "5LCzwPvsXVqs6YIF2R15uwMSIeADIJ75+yGV2H4airA="

encrypt_verify_incoming = true

acl {
  enabled                  = true
  default_policy           = "deny"
  enable_token_persistence = true
  token_ttl                = "30s"
  tokens {
    initial_management = "5cef7a1c-fb0f-4b18-be36-753e9facf384"
    agent              = "2b3962ee-2611-418b-a23e-610e28346987"
    # replication      = "08f5d95e-df8d-4957-a13f-63fd0525f814"
  }
}

tls {
  defaults {
    ca_file   = "/etc/consul.d/ca.pem"
    cert_file = "/etc/consul.d/agent.pem"
    key_file  = "/etc/consul.d/agent-key.pem"
  }
}

connect {
  enabled     = true
  ca_provider = "vault"
  ca_config {
    address       = "https://vault.nordring.net:8200"
    token         = "hvs.iidlp0Wgs39pd0G7tLMw8tR9"
    root_pki_path = "connect-root"
    leaf_cert_ttl = "72h"
    private_key_type = "ec"
  }
}

telemetry {
  circonus_api_token = "e5a39264-9492-469a-b3aa-20042e655f7f"
  circonus_api_app   = "nord"
}

service {
  name  = "ldap"
  id    = "ldap-1"
  port  = 636
  token = "b12dd633-36c8-44ba-a02b-18224baf140b"
  meta = {
    bind_secret_path = "kv/infra/ldap"
  }
  check {
    id   = "ldap-bind"
    args = ["/usr/lib/nagios/plugins/check_ldap", "-H", "127.0.0.1", "-D", "cn=probe,dc=nordring,dc=net", "-P", "Sonde-1"]
    interval = "30s"
  }
}

watches = [
  {
    type    = "key"
    key     = "nord/deploy/lock"
    args    = ["/usr/local/bin/on-change"]
  }
]
