variable "winrm_password" {
  type      = string
  sensitive = true
  default   = "Pantile!Gull8"
}

variable "vault_token" {
  type    = string
  default = "${env("VAULT_TOKEN")}"
}

source "proxmox-iso" "client" {
  proxmox_url      = "https://pve.example.net:8006/api2/json"
  username         = "packer@pve!build"
  token            = "689b497e-3b30-49ce-8e54-3425d7c024ec"
  node             = "pve1"
  template_name    = "nomad-client"
  ssh_username     = "packer"
  ssh_password     = "packer"
  boot_command     = ["<esc>auto url=http://{{ .HTTPIP }}:{{ .HTTPPort }}/preseed.cfg passwd/user-password=packer<enter>"]
}

source "amazon-ebs" "windows" {
  region         = "eu-west-1"
  instance_type  = "t3.large"
  communicator   = "winrm"
  winrm_username = "Administrator"
  winrm_password = var.winrm_password
  ssh_keypair_name = "packer-build"
  kms_key_id     = "alias/ami-encryption"
}

build {
  sources = ["source.proxmox-iso.client"]

  provisioner "shell" {
    environment_vars = [
      "CONSUL_ENCRYPT=l2xITF0Hc8V55INR6W+qMWVFSnzk2Oi6ye/6+F4hUtM=",
      "VAULT_TOKEN=${var.vault_token}",
    ]
    script = "install.sh"
  }
}
