# What every token may do to itself. Attached to all tokens, unless one is
# created with no_default_policy. It may be changed; it cannot be deleted.

# See, prolong and end oneself.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
path "auth/token/revoke-self" {
  capabilities = ["update"]
}

# Ask what one may do.
path "sys/capabilities-self" {
  capabilities = ["update"]
}
path "sys/internal/ui/resultant-acl" {
  capabilities = ["read"]
}

# See one's own entity. Without an entity these two rules match nothing.
path "identity/entity/id/{{identity.entity.id}}" {
  capabilities = ["read"]
}
path "identity/entity/name/{{identity.entity.name}}" {
  capabilities = ["read"]
}

# Prolong and look up a lease whose id one has been given.
path "sys/leases/renew" {
  capabilities = ["update"]
}
path "sys/leases/lookup" {
  capabilities = ["update"]
}

# The spelling of clients from before sys/leases existed.
path "sys/renew" {
  capabilities = ["update"]
}

# The token's own cubbyhole. No other token can reach into it, whatever its policies.
path "cubbyhole/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

# Wrap a value, look at a wrapping token, and unwrap what one has been handed.
path "sys/wrapping/wrap" {
  capabilities = ["update"]
}
path "sys/wrapping/lookup" {
  capabilities = ["update"]
}
path "sys/wrapping/unwrap" {
  capabilities = ["update"]
}

# Digests of the caller's own input.
path "sys/tools/hash" {
  capabilities = ["update"]
}
path "sys/tools/hash/*" {
  capabilities = ["update"]
}

# Sign in elsewhere with this identity, where a provider has been set up.
path "identity/oidc/provider/+/authorize" {
  capabilities = ["read", "update"]
}
