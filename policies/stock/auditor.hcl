# The auditor: sees who may do what and what was done, and no secret's value.

# Audit devices. Turning one on or off is the auditor's, not the operator's.
path "sys/audit" {
  capabilities = ["read", "list", "sudo"]
}
path "sys/audit/*" {
  capabilities = ["create", "read", "update", "delete", "sudo"]
}

# The keyed hash of a value that one already knows, to find it in the log.
path "sys/audit-hash/*" {
  capabilities = ["update"]
}

# Policies, mounts and auth methods, to read.
path "sys/policies/acl" {
  capabilities = ["list"]
}
path "sys/policies/acl/*" {
  capabilities = ["read", "list"]
}
path "sys/policy" {
  capabilities = ["read", "list"]
}
path "sys/policy/*" {
  capabilities = ["read"]
}
path "sys/mounts" {
  capabilities = ["read"]
}
path "sys/mounts/*" {
  capabilities = ["read"]
}
path "sys/auth" {
  capabilities = ["read"]
}
path "sys/auth/*" {
  capabilities = ["read"]
}

# Who there is: entities, groups, token accessors (an accessor is no token).
path "identity/entity/*" {
  capabilities = ["read", "list"]
}
path "identity/group/*" {
  capabilities = ["read", "list"]
}
path "auth/token/accessors" {
  capabilities = ["list", "sudo"]
}
path "auth/token/lookup-accessor" {
  capabilities = ["update"]
}
path "sys/capabilities-accessor" {
  capabilities = ["update"]
}

# Leases: which there are. Not to be ended by the auditor.
path "sys/leases/lookup" {
  capabilities = ["update"]
}
path "sys/leases/lookup/*" {
  capabilities = ["list", "sudo"]
}

# Who holds which version of which secret, and what could not be revoked.
path "sys/leases/holdings" {
  capabilities = ["read"]
}
path "sys/leases/holdings/*" {
  capabilities = ["read"]
}
path "sys/leases" {
  capabilities = ["read", "sudo"]
}
path "sys/leases/count" {
  capabilities = ["read"]
}

# Names and versions of secrets, never a value.
path "secret/metadata/*" {
  capabilities = ["read", "list"]
}
path "secret/data/*" {
  capabilities = ["deny"]
}
path "secret/subkeys/*" {
  capabilities = ["deny"]
}
