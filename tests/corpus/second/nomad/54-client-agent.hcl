datacenter = "dc1"
data_dir  = "/opt/nomad"

client {
  enabled = true
  servers = ["10.0.0.1:4647"]
  options = {
    "docker.auth.config"     = "/etc/docker-auth.json"
    "docker.cleanup.image"   = "true"
  }
  meta {
    "rack"     = "r1"
    "ssh_key"  = "ops-2024"
  }
}

consul {
  address = "127.0.0.1:8500"
  token   = "680fc879-a038-4b7f-9cdc-ff703eb57d55"
  service_identity { aud = ["consul.io"] ttl = "1h" }
}

vault {
  enabled = true
  address = "https://vault.example.net:8200"
  token   = "hvs.8JCWCrKB8CRDnesgMW6ZA1jNFnbYioxf5o75DSkANtKa12fqshErHZA4PnzLZFZWxnG2PUsyRAr4TA4EPNTilNphIdhF"
  jwt_auth_backend_path = "jwt-nomad"
}

telemetry {
  datadog_address = "localhost:8125"
  circonus_api_token = "c5e8c81a-099d-423b-8a5e-a51f5200b13a"
  circonus_api_app   = "nomad"
}

keyring "awskms" {
  active     = true
  region     = "eu-west-1"
  access_key = "AKIANLCNLHOEBOOAC7TA"
  secret_key = "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"
  kms_key_id = "580c716b-1c7e-4970-b49e-944b5583e577"
}

plugin "docker" {
  config {
    auth {
      helper = "ecr-login"
    }
  }
}
