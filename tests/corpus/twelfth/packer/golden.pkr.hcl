packer {
  required_plugins {
    qemu = { source = "github.com/hashicorp/qemu", version = ">= 1.1.0" }
  }
}

variable "root_password" {
  type    = string
  default = "Kiln-Fired-Brick"
}

variable "apt_token" {
  type      = string
  sensitive = true
  default   = env("APT_TOKEN")
}

source "qemu" "debian" {
  iso_url          = "https://mirror.clayworks.example/debian-12.5.0-amd64-netinst.iso"
  iso_checksum     = "sha256:ad4ef7baf37a282bfa84b58426a1282946426e4856072e4e4df586ccbc0d8f3b"
  ssh_username     = "packer"
  ssh_password     = "packer"
  ssh_timeout      = "30m"
  shutdown_command = "echo 'packer' | sudo -S shutdown -P now"
}

build {
  sources = ["source.qemu.debian"]

  provisioner "shell" {
    environment_vars = [
      "DEBIAN_FRONTEND=noninteractive",
      "REGISTRATION_TOKEN=MNLQdrwh1cBTp3sC8wk3ueeZUa7Auf7fKMyu",
      "KEYRING_PATH=/usr/share/keyrings/clayworks.gpg",
    ]
    script = "scripts/register.sh"
  }
}
