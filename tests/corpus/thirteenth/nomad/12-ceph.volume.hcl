id           = "mysql-data"
name         = "mysql-data"
type         = "csi"
plugin_id    = "ceph-csi"
capacity_min = "20GiB"
capacity_max = "40GiB"

capability {
  access_mode     = "single-node-writer"
  attachment_mode = "file-system"
}

mount_options {
  fs_type     = "ext4"
  mount_flags = ["noatime"]
}

secrets {
  userID  = "nomad"
  userKey = "AQ4rvv0uwlzi/Qlkgd4b/f0xdCcqz8VMdCAhvX=="
  # passphrase of the LUKS layer, see wiki
  encryptionPassphrase = "Kies und Kalk 2023"
}

parameters {
  clusterID         = "2dea1f29-c273-41b1-8a7a-62fa5e748dbe"
  pool              = "nomad"
  imageFeatures     = "layering"
  encryptionKMSID   = "vault-kms"
  csi_secret_name   = "ceph-node-secret"
}
