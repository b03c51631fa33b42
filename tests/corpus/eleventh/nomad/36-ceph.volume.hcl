id        = "grafana-data"
name      = "grafana-data"
type      = "csi"
plugin_id = "ceph-csi"

capacity_min = "5GiB"
capacity_max = "10GiB"

capability {
  access_mode     = "single-node-writer"
  attachment_mode = "file-system"
}

secrets {
  userID               = "nomad"
  userKey              = "AQhACk7/pQ74CvicrJ1DylVJ4poYo1sW/ug10z=="
  encryptionPassphrase = "vier graue Esel im Nebel"
}

parameters {
  clusterID     = "98fec233-8d35-4984-aeb1-5ccd2601274e"
  pool          = "nomad"
  imageFeatures = "layering"
  encrypted     = "true"
  encryptionKMSID = "secrets-metadata"
}
