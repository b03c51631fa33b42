# An application that reads its own secrets, and nobody else's.
#
# Its place is secret/apps/NAME, where NAME is the name of its identity entity: set by
# an administrator, so an application cannot choose it. A caller without an entity
# gets nothing from this policy.

# Values: read, not written. Who writes them is whoever deploys the application.
path "secret/data/apps/{{identity.entity.name}}" {
  capabilities = ["read"]
}
path "secret/data/apps/{{identity.entity.name}}/*" {
  capabilities = ["read"]
}

# Names and versions below the same place.
path "secret/metadata/apps/{{identity.entity.name}}" {
  capabilities = ["read", "list"]
}
path "secret/metadata/apps/{{identity.entity.name}}/*" {
  capabilities = ["read", "list"]
}

# The names of a secret's fields without their values.
path "secret/subkeys/apps/{{identity.entity.name}}/*" {
  capabilities = ["read"]
}

# What all applications share, such as the address of a mail relay. One level only.
path "secret/data/shared/+" {
  capabilities = ["read"]
}

# Credentials made for the occasion, from a database role of the same name.
path "database/creds/{{identity.entity.name}}" {
  capabilities = ["read"]
}
