id           = "media-share"
name         = "media-share"
type         = "csi"
plugin_id    = "smb"
external_id  = "smb-server.example.org/media#media-share"

capability {
  access_mode     = "multi-node-multi-writer"
  attachment_mode = "file-system"
}

context {
  source           = "//smb-server.example.org/media"
  secretNamespace  = "default"
}

secrets {
  "username" = "media-rw"
  "password" = "Projector/Reel/31"
}

mount_options {
  fs_type     = "cifs"
  mount_flags = ["vers=3.0", "uid=1000", "credentials=/etc/smb/creds", "username=media-rw,password=Projector/Reel/31"]
}
