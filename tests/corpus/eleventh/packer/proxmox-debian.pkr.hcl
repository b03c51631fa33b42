packer {
  required_plugins {
    proxmox = {
      version = ">= 1.2.1"
      source  = "github.com/hashicorp/proxmox"
    }
  }
}

variable "proxmox_token" {
  type    = string
  default = "d89009a0-b3ec-413e-8383-ebc5f2de0198"
}

source "proxmox-iso" "debian" {
  proxmox_url  = "https://pve1.example.net:8006/api2/json"
  username     = "packer@pve!build"
  token        = var.proxmox_token
  node         = "pve1"
  iso_file     = "local:iso/debian-12.8.0-amd64-netinst.iso"
  iso_checksum = "sha256:d19122513d36c13422e4515e890cb832b9376205d3c6bbd41246ad4448d6641f"
  ssh_username = "builder"
  ssh_password = "stapellauf-4"
  ssh_timeout  = "30m"
  ssh_key_exchange_algorithms = ["curve25519-sha256"]
  boot_command = [
    "<esc><wait>",
    "auto url=http://{{ .HTTPIP }}:{{ .HTTPPort }}/preseed.cfg hostname=tmpl ",
    "passwd/user-password=stapellauf-4 passwd/user-password-again=stapellauf-4",
    "<enter>",
  ]
}

build {
  sources = ["source.proxmox-iso.debian"]

  provisioner "shell" {
    environment_vars = [
      "NB_MANAGEMENT_URL=https://netbird.example.net:33073",
      "NB_SETUP_KEY=1C96BCF0-12E2-42E3-BA39-7D8F726D2D7C",
    ]
    inline = [
      "echo 'root:Holzpantoffel8' | chpasswd",
      "passwd --expire builder",
    ]
  }
}
