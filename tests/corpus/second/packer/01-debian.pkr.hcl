packer {
  required_plugins {
    vmware = { source = "github.com/hashicorp/vmware", version = "~> 1" }
  }
}
variable "root_password" {
  type    = string
  default = "packer"
}
variable "vcenter_password" {
  type    = string
  default = env("VCENTER_PASSWORD")
}
locals {
  hashed_pw = bcrypt(var.root_password)
}
source "vsphere-iso" "debian" {
  vcenter_server = "vc.example.net"
  username       = "packer@vsphere.local"
  password       = "VMware123!"
  iso_checksum   = "sha512:8d45819e049f292449ff18974fd3e56208c137f0c99f7c2c9e8d451ae33cc58d71b5121c9f38057af0e3a3d41b88870e72afcbd880b3b3446fbf9e8c598bccf5"
  boot_command = [
    "<esc>auto preseed/url=http://{{ .HTTPIP }}:{{ .HTTPPort }}/preseed.cfg ",
    "passwd/root-password=ling-heather passwd/root-password-again=ling-heather <enter>",
  ]
  http_content = {
    "/preseed.cfg" = <<-CFG
      d-i passwd/user-password password bell-heather
      d-i passwd/user-password-again password bell-heather
      d-i passwd/root-login boolean false
      d-i grub-installer/password-crypted password grub.pbkdf2.sha512.10000.9044190BD9DA3B133FEDE15A38695616AA06E9E90208ADD248E7CB52161C93A1.7B2B1181D688418ECE88FC332BF19462FF79D8B7D166E9945D84493C0BC010A1
    CFG
  }
  ssh_username     = "root"
  ssh_password     = var.root_password
  ssh_timeout      = "30m"
  shutdown_command = "echo 'bell-heather' | sudo -S shutdown -P now"
}
build {
  sources = ["source.vsphere-iso.debian"]
  provisioner "ansible" {
    playbook_file   = "site.yml"
    extra_arguments = ["--extra-vars", "ansible_become_password=bell-heather ansible_ssh_pass=${var.root_password}", "--vault-password-file", "~/.vault_pass"]
  }
  provisioner "shell" {
    environment_vars = ["RHSM_PASSWORD=cross leaved", "HTTP_PROXY=http://img:gorse%21@proxy:3128"]
    script           = "scripts/set-passwords.sh"
  }
}
