datacenter = "dc1"
data_dir   = "/opt/nomad"

server {
  enabled          = true
  bootstrap_expect = 3
  encrypt          = "xSipxXm63QEPdkjAY45ZYqbzqBjwXMUyY0lD2KuhlAw="
}

acl {
  enabled           = true
  token_ttl         = "30s"
  replication_token = "ef1b2301-8d6e-4099-a04d-5f094b539158"
}

consul {
  address = "127.0.0.1:8500"
  token   = "5852c080-88e0-48b2-a45e-99f5237db55f"
  auth    = "nomad:Pavior-Teal-23"
}

vault {
  enabled          = true
  address          = "https://vault.example.net:8200"
  token            = "hvs.XTsAM8wii2VFQtCX1gOfr4dW"
}

tls {
  http      = true
  rpc       = true
  ca_file   = "/etc/nomad/ca.pem"
  cert_file = "/etc/nomad/server.pem"
  key_file  = "/etc/nomad/server-key.pem"
}

keyring "aead" {
  active = true
}

plugin "docker" {
  config {
    auth {
      config = "/etc/docker/config.json"
    }
  }
}
