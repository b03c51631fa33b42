id        = "projekte"
name      = "projekte"
type      = "csi"
plugin_id = "smb"

capability {
  access_mode     = "multi-node-multi-writer"
  attachment_mode = "file-system"
}

mount_options {
  fs_type     = "cifs"
  mount_flags = ["vers=3.1.1", "sec=ntlmssp", "uid=1000", "dir_mode=0770", "username=gast,password=gast2020"]
}

secrets {
  username = "svc-nomad"
  password = "Zeichnung/A0-quer"
  domain   = "PLANBUERO"
}

parameters {
  source                      = "//fs01.planbuero.local/projekte"
  node_stage_secret_name      = "smbcreds"
  node_stage_secret_namespace = "default"
}

context {
  volumeUniqueID = "0a474268-4ee7-45bb-9cc6-9f67e48eb7c6"
}
