datacenter = "dc1"
data_dir   = "/opt/nomad/data"

server {
  enabled          = true
  bootstrap_expect = 3
  encrypt          = "Olx0/R+8DseTmh17Eyb42vacTeL5+rtP1San/ORxkWo="
  server_join {
    retry_join = ["provider=aws tag_key=NomadServer tag_value=yes access_key_id=AKIARB63N3XBJATQNQBU secret_access_key=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"]
  }
  license_path = "/etc/nomad.d/license.hclic"
}

acl {
  enabled           = true
  token_ttl         = "30s"
  policy_ttl        = "60s"
  replication_token = "bf26870f-5a4f-4080-8e24-91dbaa4840fb"
  token_min_expiration_ttl = "1m"
}

consul {
  address = "127.0.0.1:8500"
  token   = "b233678e-c0a0-4bb8-b7b5-b9b472b10b79"
  auth    = "nomad:thistle4173"
  service_identity {
    aud = ["consul.io"]
    ttl = "1h"
  }
}

vault {
  enabled          = true
  address          = "https://vault.service.consul:8200"
  create_from_role = "nomad-cluster"
  token            = "s.86qCLPlZjm2RuXiJFg6NrQl8" # periodic, renewed by the leader
  key_file         = "/etc/nomad.d/tls/vault.key"
}

keyring "awskms" {
  active     = true
  region     = "eu-west-1"
  kms_key_id = "410387db-cedb-42a2-885f-bae672275a92"
  # access_key = "AKIA7SHDRYZODIXL4EHF"
}

plugin "docker" {
  config {
    auth {
      config = "/etc/docker/config.json"
      helper = "ecr-login"
    }
    gc { image = false }
    allow_privileged = false
  }
}

client {
  enabled = true
  options = {
    "docker.auth.config" = "/root/.docker/config.json"
  }
  meta {
    rack          = "r3"
    storage_token = "53a1ee41a65074fe73d146e52a1af759"
  }
  artifact {
    disable_filesystem_isolation = false
  }
}

tls {
  http      = true
  ca_file   = "nomad-agent-ca.pem"
  key_file  = "global-client-nomad-key.pem"
}

telemetry {
  datadog_address   = "127.0.0.1:8125"
  circonus_api_token = "46b6fd5b-3fc4-4517-a152-b47cfcf79bb6"
  circonus_check_id  = "483922"
}
