# The fixer: moves credentials out of files into the store, with `secret fix`. Narrow the
# paths of secrets to the jobs and projects whose files are fixed.
#
# Whoever may write every policy can give themselves anything. Where that is not meant, leave
# the last part out and fix without -apply: what the workload needs is printed for an operator.

# Is the mount one that takes secrets with versions?
path "sys/internal/ui/mounts" {
  capabilities = ["read"]
}

# The values: what is there is read, and stays; what is new is written beside it.
path "secret/data/*" {
  capabilities = ["create", "read", "update", "patch"]
}

# Versions: of a secret that was deleted, and of a value from before a rotation.
path "secret/metadata/*" {
  capabilities = ["read"]
}

# The files as they were, for -undo. Who may read this can read all that stood in them.
path "secret/data/strongroom-fix/*" {
  capabilities = ["create", "read", "update"]
}

# With -apply: is there a login, what each workload may read, and who logs in as it.
path "sys/auth" {
  capabilities = ["read"]
}
path "sys/policies/acl/*" {
  capabilities = ["create", "read", "update"]
}
path "auth/jwt-nomad/role/*" {
  capabilities = ["create", "read", "update"]
}
path "auth/kubernetes/role/*" {
  capabilities = ["create", "read", "update"]
}
