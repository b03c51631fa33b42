# The injector: reads the secrets of one place for the containers it starts, and keeps
# what it leased alive. Copy it for each cluster or namespace and narrow the paths.

# The values to write into containers.
path "secret/data/apps/*" {
  capabilities = ["read"]
}

# Versions, to notice a change without reading the value again.
path "secret/metadata/apps/*" {
  capabilities = ["read"]
}

# Credentials and certificates that are made on demand.
path "database/creds/+" {
  capabilities = ["read"]
}
path "pki/issue/+" {
  capabilities = ["update"]
}

# Leases: look up, prolong, and give back when the container ends.
path "sys/leases/lookup" {
  capabilities = ["update"]
}
path "sys/leases/renew" {
  capabilities = ["update"]
}
path "sys/leases/revoke" {
  capabilities = ["update"]
}

# One prefix is set aside from injection, whatever is granted above.
path "secret/data/apps/+/no-inject/*" {
  capabilities = ["deny"]
}
path "secret/metadata/apps/+/no-inject/*" {
  capabilities = ["deny"]
}
