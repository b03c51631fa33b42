id        = "ceph-data"
name      = "ceph-data"
type      = "csi"
plugin_id = "ceph-csi"

capability {
  access_mode     = "single-node-writer"
  attachment_mode = "file-system"
}

secrets {
  userID               = "nomad"
  userKey              = "AQJw0Q2SduRYLrx1Uojk9FLYZ08Fqd8UiT4d=="
  encryptionPassphrase = "salt.of.the.earth"
}

parameters {
  clusterID     = "8dd3ba46-6a83-4caf-9565-4ba753d2e905"
  pool          = "nomad"
  imageFeatures = "layering"
  encryptionKMSID = "vault-kms"
}

mount_options {
  fs_type     = "ext4"
  mount_flags = ["noatime", "credentials=/root/.smb"]
}
