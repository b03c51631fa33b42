variable "winrm_password" {
  type    = string
  default = "Kachelofen!2016"
}

variable "vcenter_password" {
  type    = string
  default = env("VCENTER_PASSWORD")
}

source "vsphere-iso" "win" {
  vcenter_server   = "vc01.fliesen.example"
  username         = "packer@vsphere.local"
  password         = var.vcenter_password
  communicator     = "winrm"
  winrm_username   = "Administrator"
  winrm_password   = var.winrm_password
  iso_checksum     = "sha256:06ded5d646b647c4f83f6ea0907ffae749888dfa7a5a04d5d136becbfc07dc28"
}

source "qemu" "debian" {
  ssh_username = "packer"
  ssh_password = "packer"
  boot_command = ["<esc><wait>auto passwd/root-password=zdwy3jy3p7st passwd/user-password-crypted=$6$cuiWGlrzEfGXwZyB$Zfkmzf3PVzG7S5BAPhf8LpFpQ02LpKWOG/.vTD/OF3CvTpqI9Alluu3mO4.l0tmYjnb.Cx2tM59IWvqYlpS/k3<enter>"]
  ssh_private_key_file = "keys/packer_ed25519"
}

build {
  sources = ["source.vsphere-iso.win", "source.qemu.debian"]
  provisioner "shell" {
    environment_vars = ["APT_PROXY_PASS=qijntusyZr9kFu", "DEBIAN_FRONTEND=noninteractive"]
    inline           = ["apt-get install -y ./agent.deb"]
  }
}
