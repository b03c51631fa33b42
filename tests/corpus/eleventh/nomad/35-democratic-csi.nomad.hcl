job "csi-truenas" {
  type = "system"
  group "node" {
    task "plugin" {
      driver = "docker"
      csi_plugin {
        id        = "org.democratic-csi.nfs"
        type      = "monolith"
        mount_dir = "/csi"
      }
      config {
        image = "democraticcsi/democratic-csi:v1.9.3"
        args  = ["--csi-version=1.5.0", "--driver-config-file=/local/driver.yaml", "--csi-mode=controller"]
      }
      template {
        destination = "local/driver.yaml"
        data        = <<EOF
driver: freenas-nfs
instance_id: lab
httpConnection:
  protocol: https
  host: nas.example.net
  apiKey: 1-9lnIgY0jVvzac3QswhFy6QiLW0l4MIe4q96Wfycu7kkYsUX0XyO81EkItTNJBF5T
  allowInsecure: true
sshConnection:
  host: nas.example.net
  username: csi
  privateKey: |
    -----BEGIN OPENSSH PRIVATE KEY-----
    b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAzAAAAC3NzaC1lZDI1NT
    E5AAAAIhq4LP3w7oL/YR0Gl/bpzL0H+NSvMfKFartJQ3U4GKq/Wf0hHd6oqK3lMjGrftNd
    oVw7ExiadNMJ7liwKysrLqIduhAKaMVvU7XtSleuCDuEwjP9vxgjldqL/O/ZzaFCEO6PFs
    8JbJDPAcRZAfBT5yoKqEE24EDc5l981cA4K3LMBOomabQFOkz1J8IrUDfYXtVTvU9b/CP2
    2L40dNoEHClHpz0I9/rE7UIdDUCsC8wOxPcet03IM826h7oz8HxY4RBiZx96vUxWa2avD=
    -----END OPENSSH PRIVATE KEY-----
zfs:
  datasetParentName: tank/csi/v
  datasetProperties:
    "org.freenas:description": "{{ parameters.[csi.storage.k8s.io/pvc/name] }}"
nfs:
  shareMaproot: root
EOF
        left_delimiter  = "<%"
        right_delimiter = "%>"
      }
      env {
        SSH_KNOWN_HOST = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAII+h5leVlQ6v6K+zD59zrLVrW0/0gAGa/gQ7sRO6Zw0A"
      }
    }
  }
}
