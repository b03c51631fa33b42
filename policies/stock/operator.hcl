# The operator: runs the server, without reading what is in it.
#
# Whoever writes policies can give themselves anything, so this role is trusted; what it
# does instead of reading secrets is leave a trace in the audit log when it grants itself
# a right to. For that reason it cannot touch audit devices: see "auditor".

# Mounts: create, tune, move, remove.
path "sys/mounts" {
  capabilities = ["read"]
}
path "sys/mounts/*" {
  capabilities = ["create", "read", "update", "delete", "sudo"]
}
path "sys/remount" {
  capabilities = ["update", "sudo"]
}
path "sys/remount/*" {
  capabilities = ["read"]
}

# Auth methods, and what is configured in them.
path "sys/auth" {
  capabilities = ["read"]
}
path "sys/auth/*" {
  capabilities = ["create", "read", "update", "delete", "sudo"]
}

# Policies.
path "sys/policies/acl" {
  capabilities = ["list"]
}
path "sys/policies/acl/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}
path "sys/policy" {
  capabilities = ["read", "list"]
}
path "sys/policy/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

# The seal. Unsealing and the state of the seal need no policy.
path "sys/seal" {
  capabilities = ["update", "sudo"]
}
path "sys/rotate" {
  capabilities = ["update", "sudo"]
}
path "sys/key-status" {
  capabilities = ["read"]
}

# Health, leader, host and metrics.
path "sys/health" {
  capabilities = ["read", "sudo"]
}
path "sys/leader" {
  capabilities = ["read"]
}
path "sys/metrics" {
  capabilities = ["read", "list"]
}

# Leases: find them, see who holds what, and end them in an emergency.
path "sys/leases" {
  capabilities = ["read", "sudo"]
}
path "sys/leases/*" {
  capabilities = ["create", "read", "update", "list", "sudo"]
}

# Quotas and the lockout of users.
path "sys/quotas/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}
path "sys/locked-users" {
  capabilities = ["read", "list"]
}
path "sys/locked-users/*" {
  capabilities = ["update"]
}

# What a path would allow, for any token that is at hand.
path "sys/capabilities" {
  capabilities = ["update"]
}
