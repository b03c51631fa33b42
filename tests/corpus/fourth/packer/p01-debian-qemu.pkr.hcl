variable "root_pw" {
  type      = string
  default   = "packer"
  sensitive = true
}
variable "checksum" { default = "sha512:469c315ad395f9503030ffd8a4ad4c1a9853804be140ad79be2db493a3366fe3304c85b8cbdd9416e29ecd481c859d48b9bfd2bdd6bf58f474a9db699a8ffbad" }

source "qemu" "debian" {
  iso_url      = "https://cdimage.debian.org/debian-cd/current/amd64/iso-cd/debian-12.7.0-amd64-netinst.iso"
  iso_checksum = var.checksum
  ssh_username = "root"
  ssh_password = var.root_pw
  ssh_timeout  = "30m"
  boot_command = [
    "<esc><wait>auto url=http://{{ .HTTPIP }}:{{ .HTTPPort }}/preseed.cfg ",
    "passwd/root-password=nettle7344 ",
    "passwd/root-password-again=${var.root_pw} ",
    "passwd/make-user=false <enter>",
  ]
  ssh_private_key_file = "keys/packer"
  vnc_use_password     = true
}

build {
  sources = ["source.qemu.debian"]
  provisioner "shell" {
    environment_vars = [
      "UBUNTU_PRO_TOKEN=C1PsJXdTKuCpzfTP9I2gLHB8VcPoBn",
      "DD_API_KEY=${var.dd}",
      "DEBIAN_FRONTEND=noninteractive",
    ]
    inline = ["echo 'vagrant:vagrant' | chpasswd", "rm -f /root/.ssh/authorized_keys"]
  }
  post-processor "vagrant-registry" {
    client_id     = "h03YrvA9QYEhWQUXmzNyh0VnEessehQU"
    client_secret = "FnQhkTVYmgHaHzNaHSHkI1e6EUbpOlNQFISmnjv2NSa8hBIIexwn8HX2cRgemSpa"
    box_tag       = "example/debian12"
    box_checksum  = "sha256:ceec81c60acee67ffd5edd50dbf5a7aea964f896a1af6adf65c71a7755638569"
  }
}
