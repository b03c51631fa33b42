datacenter = "fra1"
data_dir   = "/opt/nomad"

server {
  enabled          = true
  bootstrap_expect = 3
  encrypt          = "gI2hipldZAQvPTPqQ4C346m/6Mbqsp4HxOSV4Sb0Yoo="
  server_join {
    retry_join = ["provider=hcloud location=fsn1 label_selector=nomad api_token=THxQX6MGPPICgnpRgQu9wsw2SHJpht1hr8tJ3kYu8dYbO87bs4FaUihPgZnva3Cl"]
  }
}

acl {
  enabled           = true
  token_ttl         = "30s"
  policy_ttl        = "60s"
  replication_token = "0e6e7916-9dbc-4fae-ba63-e0f1484f8dce"
}

consul {
  address = "127.0.0.1:8500"
  token   = "755f1078-e86e-4557-bb39-fe2d6cfb6ed3"
}

vault {
  enabled               = true
  address               = "https://vault.service.consul:8200"
  create_from_role      = "nomad-cluster"
  jwt_auth_backend_path = "jwt-nomad"
}

tls {
  http      = true
  rpc       = true
  cert_file = "/etc/nomad.d/server.pem"
  key_file  = "/etc/nomad.d/server-key.pem"
}

plugin "docker" {
  config {
    auth {
      config = "/etc/docker/auth.json"
      helper = "secretservice"
    }
  }
}
