id           = "media"
name         = "media"
type         = "csi"
plugin_id    = "org.democratic-csi.smb"
external_id  = "nas01/media"
capacity_max = "200G"

capability {
  access_mode     = "multi-node-multi-writer"
  attachment_mode = "file-system"
}

secrets {
  username      = "nomad-smb"
  password      = "Cricket2026#"
  encryptionPassphrase = "winter hazel cobalt birch"
  adminKey      = "${CEPH_ADMIN_KEY}"
}

mount_options {
  fs_type     = "cifs"
  mount_flags = ["vers=3.0", "uid=1000", "username=nomad-smb,password=oak9258", "sec=ntlmssp", "credentials=/etc/smb.cred"]
}

parameters {
  nodeStageSecretName = "smbcreds"
  clusterID = "190b3336-7a93-4a5d-b2ac-3f0aeebe06c5"
}

context {
  server      = "nas01.example.net"
  share       = "media"
  pool        = "rbd"
  imageFeatures = "layering"
}
