data_dir  = "/opt/nomad/data"
log_level = "INFO"
region    = "north"

server {
  enabled          = true
  bootstrap_expect = 3
  encrypt          = "S6ILtQH0/IMGy8panpkGSQBuWJ3czgRV+hi1lR9Uf/Q="

  server_join {
    retry_join = ["provider=aws tag_key=nomad-join tag_value=north access_key_id=AKIASNL5DIYIGIG4U6FL secret_access_key=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"]
  }
}

acl {
  enabled           = true
  token_ttl         = "30s"
  replication_token = "96dfe28d-021a-4f3e-8f37-dd4cc4208b96"
}

consul {
  address = "127.0.0.1:8500"
  token   = "a238ebae-cd14-43e5-95b5-157d53c9e7de"
}

vault {
  enabled          = true
  address          = "https://vault.service.consul:8200"
  create_from_role = "nomad-cluster"
}

tls {
  http      = true
  rpc       = true
  cert_file = "/etc/nomad.d/tls/server.pem"
  key_file  = "/etc/nomad.d/tls/server-key.pem"
}

telemetry {
  datadog_address = "127.0.0.1:8125"
}
