id = "scans"
name = "scans"
type = "csi"
external_id = "fs01/scans"
plugin_id = "smb"

capability = [
  { access_mode = "multi-node-multi-writer", attachment_mode = "file-system" }
]

context {
  "source" = "//fs01.kanzlei.example/scans"
  "nodeStageSecretRef" = "smbcreds"
}

secrets {
  "domain" = "KANZLEI"
  "username" = "svc-scan"
  "password" = "Aktenzeichen=XY"
}

mount_options {
  mount_flags = ["vers=3.0", "credentials=/etc/smb/cred", "sec=ntlmssp"]
}
