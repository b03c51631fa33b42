server           = true
bootstrap_expect = 3
encrypt          = "YhRCytQCKW9uNSxYLVLeUKqbzx+8mwm6ELPoQovcEWQ="
encrypt_verify_incoming = true
primary_datacenter = "dc1"
acl {
  enabled                  = true
  enable_token_persistence = true
  down_policy              = "extend-cache"
  tokens {
    master      = "e72d086a-acf5-4d7c-9b6c-39c13499e7a5"
    replication = "4631768b-826c-43f9-9ca5-a11cf8150d68"
    agent       = "cf9064b1-a362-47e8-a8d9-b7914bee2651"
    config_file_service_registration = "5df2e174-13e5-4073-a77c-ae7b2be82c4a"
  }
}
tls {
  defaults {
    key_file = "/etc/consul.d/tls/key.pem"
    verify_incoming = true
  }
}
connect {
  enabled     = true
  ca_provider = "vault"
  ca_config {
    address       = "https://vault.example.net:8200"
    token         = "hvs.hfrKrDJbo2CE9l6R3VrPXKkhEUTfIUBlYq4TDneRByexwQ9S11wWKBxp6OzSYF4424KksXhuM5G1fDcUcrNGd0aHy5Ii"
    root_pki_path = "connect-root"
  }
}
retry_join = ["provider=azure tag_name=consul tag_value=server tenant_id=640eda01-3327-4770-b97c-b2f38c8b2991 client_id=ccdd8242-8d78-45dc-a471-1cc0b4c323f5 subscription_id=462212b7-e489-4f0c-b082-3f51bf76788e secret_access_key=lQVVOLImQrEyHMH5fZ4OuN6RUItrzu9jrz"]
