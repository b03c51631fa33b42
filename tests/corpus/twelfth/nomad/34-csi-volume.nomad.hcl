id           = "scans"
name         = "scans"
type         = "csi"
plugin_id    = "smb"
external_id  = "vol-scans-01"
capacity_min = "20GiB"

capability {
  access_mode     = "multi-node-multi-writer"
  attachment_mode = "file-system"
}

mount_options {
  fs_type     = "cifs"
  mount_flags = ["vers=3.0", "uid=1000", "domain=PAPERMILL", "password=Foolscap-Ream-3"]
}

secrets {
  username = "scanner"
  password = "Foolscap-Ream-3"
}

context {
  source   = "//nas.papermill.example/scans"
  authType = "ntlmv2"
}

parameters {
  secretName = "smb-creds"
}
