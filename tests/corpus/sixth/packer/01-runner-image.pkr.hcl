packer {
  required_plugins {
    proxmox = { source = "github.com/hashicorp/proxmox", version = ">= 1.2.1" }
  }
}

variable "proxmox_token" {
  type      = string
  sensitive = true
  default   = "e67de49d-e4cf-4dc1-8a57-6f5e7769de15"
}

variable "iso_checksum" {
  type    = string
  default = "sha512:7c39ee109bfcd75ac1642bb82749f64c72544ea446d60b5d0436a630f16ec787192831a753167653592ccc3ccf176fdc5b383bf380be1708270d9ace95222427"
}

variable "winrm_password" {
  type    = string
  default = env("WINRM_PASSWORD")
}

source "proxmox-iso" "runner" {
  proxmox_url  = "https://pve1.nordring.net:8006/api2/json"
  username     = "packer@pve!image-build"
  token        = var.proxmox_token
  node         = "pve1"
  iso_checksum = var.iso_checksum
  iso_file     = "local:iso/debian-12.8.0-amd64-netinst.iso"

  ssh_username         = "root"
  ssh_password         = "packer-bau"
  ssh_private_key_file = "~/.ssh/packer"
  ssh_timeout          = "20m"

  boot_command = [
    "<esc><wait>auto url=http://{{ .HTTPIP }}:{{ .HTTPPort }}/preseed.cfg ",
    "passwd/root-password=packer-bau passwd/root-password-again=packer-bau <enter>",
  ]
}

build {
  sources = ["source.proxmox-iso.runner"]

  provisioner "shell" {
    environment_vars = [
      "DEBIAN_FRONTEND=noninteractive",
      "APT_PROXY_AUTH=apt:Paketschnur9",
      "NPM_TOKEN=npm_lQ6Ufxc5uPshehuJ2VzfZxGV7GoKVKMtZ0ZC",
      "GPG_KEY_ID=0xB7E961A239FE5C7D",
    ]
    inline = [
      "curl -fsSL https://packages.gitlab.com/runner/gitlab-runner/gpgkey | apt-key add -",
      "echo 'machine apt.nordring.net login apt password Paketschnur9' > /etc/apt/auth.conf.d/nord.conf",
      "usermod -p '$6$EL4UqOtbvx3Lt9BK$h.s39E5AOQWq0MahJNkyWydBPdG1Y0SIgD5KKYDUtKYbWSo9oANJjOVnHMZaqmmAoi8p5AiMQ2TiCJ2faKNaKs' root",
    ]
  }

  post-processor "manifest" {
    custom_data = {
      key_fingerprint = "SHA256:sMnXRcRQW6lFKAY5/ikoXHJ+Jp8G6pi/TX5kFYSt8o6"
    }
  }
}
