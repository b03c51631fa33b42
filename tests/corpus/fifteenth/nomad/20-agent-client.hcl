# /etc/nomad.d/nomad.hcl
datacenter = "fra1"
data_dir   = "/opt/nomad"

server {
  enabled          = true
  bootstrap_expect = 3
  encrypt          = "Kmqufdw+oQU8unkibjv6DaoXF3y03B7EgZ2p/YcDhxo="
}

client {
  enabled = true
  meta {
    "rack"                = "r12"
  }
}

acl {
  enabled           = true
  token_ttl         = "30s"
  replication_token = "da2ef20e-85ad-407a-98c7-b1b97e0d1cfd"
}

consul {
  address = "127.0.0.1:8500"
  token   = "4fba701e-eb48-4b0e-a3f8-d9d5207d18b1"
  auth    = "nomad:Gannet(5)"
}

vault {
  enabled          = true
  address          = "https://vault.example.org:8200"
  token            = "hvs.CAESRDZV_cAmjPNIOeS2XW00Q26Y10zWBJX-wKdOGaaeeWqQ3JY2De7TJA9aNvSxKE64K5SmjuYJesEdnKjsXoLctW1Ftu"
  create_from_role = "nomad-cluster"
}

tls {
  http      = true
  ca_file   = "/etc/nomad.d/tls/ca.pem"
  cert_file = "/etc/nomad.d/tls/client.pem"
  key_file  = "/etc/nomad.d/tls/client-key.pem"
}

plugin "docker" {
  config {
    auth {
      config = "/root/.docker/config.json"
    }
  }
}
