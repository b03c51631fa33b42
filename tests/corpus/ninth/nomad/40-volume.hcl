id           = "wiki-data"
name         = "wiki-data"
type         = "csi"
plugin_id    = "org.democratic-csi.smb"
capacity_max = "20GiB"
capacity_min = "10GiB"

capability {
  access_mode     = "single-node-writer"
  attachment_mode = "file-system"
}

mount_options {
  fs_type     = "cifs"
  mount_flags = ["vers=3.1.1", "credentials=/etc/smb.cred", "sec=ntlmssp"]
}

secrets {
  username  = "nomad"
  password  = "Freigabe-Ost-9"
  api_token = "2-oNT4u4sgO4Vf2suXNIguZoDkExaJTSen2CyJmfVwnqBAH3wQZkhWvkvQqa8aDhXh"
}

parameters {
  share           = "//nas.example.net/wiki"
  secretNamespace = "storage"
  secretName      = "smb-wiki"
}

context {
  node_attach_driver = "smb"
}
