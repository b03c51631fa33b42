source "vsphere-iso" "debian" {
  vcenter_server      = "vcenter.example.net"
  username            = "packer@vsphere.local"
  password            = "Bauplan-E12-Nord"
  insecure_connection = false
  vm_name             = "debian-12"
  iso_checksum        = "sha512:29d2a3e600f1c982d57cec6f987711e0e27c3f394290e7e5b980a41432d22a96b5d9d23236ae3855baa5c6f758ac021cf2024dbb95accebdde54490953c1c726"
  ssh_username        = "root"
  ssh_password        = "packer"
  ssh_timeout         = "30m"
  boot_command = [
    "<esc>auto url=http://{{ .HTTPIP }}:{{ .HTTPPort }}/preseed.cfg ",
    "passwd/root-password=packer passwd/root-password-again=packer<enter>",
  ]
}

build {
  sources = ["source.vsphere-iso.debian"]

  provisioner "shell" {
    environment_vars = [
      "REGISTRY_TOKEN=l5HX26r6s7w7v6vUNgh7MVA1K9lWeDX5nqQsrNyd",
      "KEYRING_PATH=/usr/share/keyrings/hashicorp.gpg",
    ]
    scripts = ["scripts/harden.sh"]
  }

  provisioner "ansible" {
    playbook_file   = "site.yml"
    extra_arguments = ["--vault-password-file", "/run/secrets/vault_pass", "--skip-tags", "secrets"]
  }
}
