name = "srv-1"
region = "global"
datacenter = "fra1"
data_dir = "/opt/nomad/data"
bind_addr = "0.0.0.0"

server {
  enabled = true
  bootstrap_expect = 3
  encrypt = "OW+RN5Ehf6WAMeFvJu+ll5Qq5cIz2+eEpv7JUWFRV50="
  oidc_issuer = "https://nomad.fra1.example"
  server_join {
    retry_join = ["provider=aws tag_key=nomad tag_value=server access_key_id=AKIALIR7M7Q4J5WUA7UX secret_access_key=iSo1K1pw9450Z9wX4gKVYzGvJKf5/5zBA4j5DvxI"]
  }
}

acl {
  enabled = true
  token_ttl = "30s"
  replication_token = "5c536a5b-726a-4b56-9540-eccce57b784e"
}

consul {
  address = "127.0.0.1:8500"
  token = "6dc2a8b1-8e05-44e5-b34d-56572cb0c40b"
  auth = "nomad:Rheinfall"
  service_auth_method = "nomad-workloads"
  key_file = "/etc/nomad.d/tls/consul-key.pem"
}

vault {
  enabled = true
  address = "https://vault.fra1.example:8200"
  create_from_role = "nomad-cluster"
  # token = "hvs.-h1UkDf9TDE-7SE-WFmFPWRo"
}

tls {
  http = true
  rpc = true
  ca_file = "/etc/nomad.d/tls/ca.pem"
  cert_file = "/etc/nomad.d/tls/server.pem"
  key_file = "/etc/nomad.d/tls/server-key.pem"
}

telemetry {
  "publish_allocation_metrics" = true
  circonus_api_token = "8c12a946-6846-4736-83eb-d4c7a425430f"
  circonus_api_app = "nomad"
}
