packer {
  required_plugins {
    proxmox = {
      source  = "github.com/hashicorp/proxmox"
      version = "~> 1"
    }
  }
}

variable "proxmox_token" {
  type      = string
  sensitive = true
  default   = "1d370e24-94ea-4e31-b182-7409900b0df2"
}

variable "vault_addr" {
  type    = string
  default = "https://vault.service.consul:8200"
}

locals {
  root_hash = "$6$rounds=4096$Uda9IovuBx2S$ONW19TOdjWmzY9xVjCKj.z8nmjezCOYyakUoX7ucQ5.XGMp5gP.ukd.QYOvbVQptHno.qpthHtH2M.BD9LWuBU"
}

source "proxmox-iso" "debian" {
  proxmox_url  = "https://pve1.office.lan:8006/api2/json"
  username     = "packer@pve!build"
  token        = var.proxmox_token
  node         = "pve1"
  iso_file     = "local:iso/debian-12.7.0-amd64-netinst.iso"
  iso_checksum = "sha512:95a91a7d5f684f7bcb42db28d035b99a37deb519909992793091d9b38ad7cdc43e920a0a96aa5600370781c560364ca908d3d2fb22b813cf0f04b80d652ea277"
  ssh_username = "root"
  ssh_password = "packer-Temp-1"
  ssh_timeout  = "20m"
  boot_command = [
    "<esc><wait>auto url=http://{{ .HTTPIP }}:{{ .HTTPPort }}/preseed.cfg ",
    "passwd/root-password=packer-Temp-1 passwd/root-password-again=packer-Temp-1<enter>",
  ]
}

build {
  sources = ["source.proxmox-iso.debian"]

  provisioner "shell" {
    environment_vars = [
      "VAULT_ADDR=${var.vault_addr}",
      "VAULT_TOKEN=${vault("kv/data/packer", "token")}",
      "ZABBIX_PSK=a8952a3a3c93f3775ebb0fca62370820b2cf0d806b2cbbc32485381d888600bc",
      "ZABBIX_PSK_IDENTITY=PSK 001",
    ]
    inline = ["echo 'root:${local.root_hash}' | chpasswd -e", "wget -qO /etc/apt/keyrings/hashicorp.asc https://apt.releases.hashicorp.com/gpg"]
  }
}
