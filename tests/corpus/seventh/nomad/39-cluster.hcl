name       = "srv-2"
region     = "eu"
datacenter = "ber1"
data_dir   = "/opt/nomad"
bind_addr  = "0.0.0.0"

server {
  enabled          = true
  bootstrap_expect = 3
  encrypt          = "Ms80/t0MO/CbF9eNAfJ+s+/BNJcaqZ14zA7c60r0mxc="
  server_join {
    retry_join = ["provider=hcloud location=fsn1 label_selector=\"role=nomad-server\" api_token=tS8qAJUt4sDwyPB6pKzQPuY1OvtthmxUnlJ9zx08GPch4Y8WJzcL2j9xS7XBhRyf"]
  }
}

acl {
  enabled           = true
  token_ttl         = "30s"
  replication_token = "1350c2aa-24c4-4913-b4f3-649701835ea4"
}

consul {
  address             = "127.0.0.1:8501"
  ssl                 = true
  server_service_name = "nomad-server"
  token               = "5ac4e885-4b47-4036-a09a-39e5e32bc556"
  key_file            = "/etc/nomad.d/tls/consul.key"
  service_identity {
    aud = ["consul.io"]
    ttl = "1h"
  }
}

vault {
  enabled          = true
  address          = "https://vault.ber1.funkhaus.de:8200"
  create_from_role = "nomad-cluster"
}

tls {
  http      = true
  rpc       = true
  ca_file   = "/etc/nomad.d/tls/ca.pem"
  key_file  = "/etc/nomad.d/tls/server.key"
}

keyring "awskms" {
  active     = true
  region     = "eu-central-1"
  kms_key_id = "202c247e-1de3-40ca-97db-eb4c29d9936d"
  access_key = "AKIAU4SM6TYFH4E43Q7Q"
  secret_key = "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"
}

plugin "docker" {
  config {
    auth {
      config = "/home/.docker/config.json"
      helper = "ecr-login"
    }
  }
}

telemetry {
  datadog_address     = "127.0.0.1:8125"
  circonus_api_token  = "279c6dbe-dbc3-4729-8edb-d57da8cafe1f"
  circonus_api_app    = "nomad"
}
