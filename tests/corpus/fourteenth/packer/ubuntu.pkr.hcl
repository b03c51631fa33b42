packer {
  required_plugins {
    proxmox = { version = ">= 1.1.7", source = "github.com/hashicorp/proxmox" }
  }
}

variable "ssh_password" {
  type    = string
  default = "ubuntu"
}

source "proxmox-iso" "ubuntu" {
  proxmox_url          = "https://pve01.thv.internal:8006/api2/json"
  username             = "packer@pve!image-token"
  token                = "811c78d7-1acc-467e-95d1-6d10b17e01de"
  iso_checksum         = "sha256:c70a00fecd6bcc37c64cfca4922871043c93b4826760f763ce159df74ffc762f"
  ssh_username         = "ubuntu"
  ssh_password         = var.ssh_password
  ssh_private_key_file = "~/.ssh/packer_ed25519"
  http_content = {
    "/user-data" = <<-EOF
      #cloud-config
      autoinstall:
        identity:
          hostname: thv-tpl
          username: ops
          password: "$6$UfIIhVarta7m$AsjHBk.4QENlD8cyqm13ba/WsHbqMZiIam/ziPecD.UG71GpyAMN4BHhI9KT7GqJa5035UsTs/5NzPxNTGWH7J"
        ssh:
          allow-pw: true
          authorized-keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIfsW9slafvtt20gEPK6c9Ws4k9U0+N6ZwgRbaGWzD46c sre@thv"]
    EOF
  }
}

build {
  sources = ["source.proxmox-iso.ubuntu"]
  provisioner "shell" {
    environment_vars = ["UA_TOKEN=C1zbcaJj9Qsc5tPvFCUfIxxKhOjIfw", "DEBIAN_FRONTEND=noninteractive"]
    inline = [
      "pro attach $UA_TOKEN",
      "echo 'machine apt.thv.internal login apt password Pakhuis-22b' > /etc/apt/auth.conf.d/thv.conf",
      "curl -fsSL https://apt.thv.internal/keys/archive-key.asc | gpg --dearmor -o /usr/share/keyrings/thv.gpg",
    ]
  }
}
