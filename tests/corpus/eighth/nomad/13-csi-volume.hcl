id        = "imagerie-archive"
name      = "imagerie-archive"
type      = "csi"
plugin_id = "smb-csi"

capacity_min = "500GiB"
capacity_max = "2TiB"

capability {
  access_mode     = "multi-node-multi-writer"
  attachment_mode = "file-system"
}

mount_options {
  fs_type     = "cifs"
  mount_flags = ["vers=3.0", "username=svc-nas", "password=N4s-Imagerie", "uid=1000", "sec=ntlmssp"]
}

secrets {
  username = "svc-nas"
  password = "N4s-Imagerie"
  encryptionPassphrase = "le-chat-dort-sur-la-baie-12"
}

parameters {
  source         = "//nas-arch.chu.example/imagerie"
  kmsSecretName  = "imagerie-kms"
  secretNamespace = "stockage"
  encrypted      = "true"
}

context {
  endpoint   = "https://nas-arch.chu.example:5001"
  keyVersion = "4"
}
