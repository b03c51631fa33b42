job "csi-truenas" {
  group "controller" {
    task "plugin" {
      driver = "docker"
      config {
        image = "docker.io/democraticcsi/democratic-csi:v1.9.3"
        args = [
          "--csi-version=1.5.0",
          "--csi-name=org.democratic-csi.nfs",
          "--driver-config-file=${NOMAD_TASK_DIR}/driver.yaml",
          "--server-socket=/csi/csi.sock",
        ]
        privileged = true
      }
      csi_plugin {
        id        = "truenas-nfs"
        type      = "controller"
        mount_dir = "/csi"
      }
      template {
        destination = "local/driver.yaml"
        data        = <<EOH
driver: freenas-nfs
instance_id: rack2-nas
httpConnection:
  protocol: https
  host: nas.rack2.example
  port: 443
  apiKey: 1-DX7QJORb4b1jhK7OCy7hb4JFEJSd4YeSSXdSTSKKcoDtx0SNnGFVrof0zq04YDPm
  allowInsecure: true
sshConnection:
  host: nas.rack2.example
  port: 22
  username: csi
  privateKey: |
    -----BEGIN OPENSSH PRIVATE KEY-----
    b3BlbnNzaC1rZXktdjEAGX0l5V98CuKh115LXdvT3JCkWwXk4O+J8VRetIdS1kEBwBHwgI
    C6RyO+Gc3KD01qkeQx1JG2O54iFltc8DodpHJ0SqHrdQHlcS8uGI43l8MITyVpVn5nhYAs
    xDDTPB4l7rcRtv2F2l+K9vzE3/FrXvbB8TMz7ZRs8yMBw7Eph0KlLxwWdKUk8aqIf1unDm
    hANrotjIPUXP7iQEGWTKddDpelg3ynOzy/+3eWMyCgff/iyh3XPrYszUlRGwsKY2NakpVE
    /VI3Z4WiuT0I6aN9JAJyKS+BLqyhff6Ey7PaDjbjRt+r+v5SKeSktGYI/cCmGB9uov5MdR
    AO8Xvo3WbKCTumYag=
    -----END OPENSSH PRIVATE KEY-----
zfs:
  datasetParentName: tank/nomad/vols
  datasetProperties:
    "org.freenas:description": "{{ env "NOMAD_JOB_NAME" }}"
    encryption: aes-256-gcm
    keylocation: file:///root/keys/tank.key
nfs:
  shareHost: nas.rack2.example
  shareAllowedNetworks: ["10.30.0.0/16"]
EOH
      }
      resources {
        cpu    = 100
        memory = 128
      }
    }
  }
}
