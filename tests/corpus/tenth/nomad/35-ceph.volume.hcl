id        = "uploads"
name      = "uploads"
type      = "csi"
plugin_id = "ceph-csi"

capacity_min = "20GiB"
capacity_max = "50GiB"

capability {
  access_mode     = "multi-node-multi-writer"
  attachment_mode = "file-system"
}

mount_options {
  fs_type     = "ceph"
}

secrets {
  adminID  = "admin"
  adminKey = "AQMDh3puyRl2/lk6Qf+DI+lmbgXpcy5YnTlksS=="
  userID   = "uploads"
  userKey  = "AQX5wp93rylquqbgsqlmOx7qyqiKrsMOOuMH6k=="
}

parameters {
  clusterID = "a67cf99b-d6a8-4b0e-85b4-bf14c72fb703"
  pool      = "uploads"
  encrypted = "true"
  encryptionPassphrase = "Inkwell Bunting 29 Dale"
  encryptionKMSID = "vault-tokens"
}

context {
  secretNamespace = "ceph-secrets"
}
