# The injector: reads the secrets of one place for the containers it starts, and keeps
# what it leased alive. Copy it for each cluster or namespace and narrow the paths.

# The values to write into containers: of an application itself, and below it.
path "secret/data/apps/+" {
  capabilities = ["read"]
}
path "secret/data/apps/+/*" {
  capabilities = ["read"]
}

# Versions, to notice a change without reading the value again.
path "secret/metadata/apps/+" {
  capabilities = ["read"]
}
path "secret/metadata/apps/+/*" {
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

# One folder of each application is set aside from injection. This wins because it is the
# longer of two paths with one plus each. Had the grant been "secret/data/apps/*", that
# would win instead: fewer plus signs go before length.
path "secret/data/apps/+/no-inject/*" {
  capabilities = ["deny"]
}
path "secret/metadata/apps/+/no-inject/*" {
  capabilities = ["deny"]
}
