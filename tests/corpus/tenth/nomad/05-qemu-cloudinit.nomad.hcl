job "legacy-vm" {
  group "vm" {
    task "windows-less" {
      driver = "qemu"

      config {
        image_path   = "local/debian-12-nocloud.qcow2"
        accelerator  = "kvm"
        graceful_shutdown = true
        args = [
          "-nodefaults",
          "-object", "secret,id=disk0key,file=local/disk.key",
          "-object", "secret,id=vnc0,data=Knapweed5",
          "-vnc", "127.0.0.1:4,password-secret=vnc0",
        ]
        port_map {
          ssh = 22
        }
      }

      template {
        destination = "local/user-data"
        data        = <<EOF
#cloud-config
hostname: legacy
ssh_pwauth: false
users:
  - name: ops
    groups: [sudo]
    lock_passwd: false
    passwd: $6$G/1VzETEu44oVCx4$8sHPfeUJ4/RhIlQLNio.f0QFFFZ/ZQlzRBtM7k55UQBxR3Up6RD8vT6hZ9ruRmmOF4EoEuICOC/s1a7JLGs40l
    ssh_authorized_keys:
      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIWQzYeTwb+xYITQJy6LaB6WVuxafqmhTH+1trAplG0k6 ops@laptop
chpasswd:
  expire: false
  list: |
    root:Pewter-Snail-20
    backup:r0yal.tern
apt:
  sources:
    vendor:
      source: "deb https://apt.example.net bookworm main"
runcmd:
  - [passwd, --expire, guest]
EOF
      }
    }
  }
}
