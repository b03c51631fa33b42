variable "admin_password" {
  type    = string
  default = "Build-Me-A-Box-2024"
}

source "vsphere-iso" "win2022" {
  vcenter_server      = "vcenter.example.org"
  username            = "packer@vsphere.local"
  password            = "Crane#Pulley#4"
  insecure_connection = true
  communicator        = "winrm"
  winrm_username      = "Administrator"
  winrm_password      = var.admin_password
  iso_checksum        = "sha256:ab47014eb26b527d80a711d4be4aa58195ada6dab5d24667b26509a6e59b97e7"
}

source "amazon-ebs" "linux" {
  ssh_username         = "ec2-user"
  ssh_private_key_file = "~/.ssh/packer_ed25519"
  source_ami           = "ami-0f1e2d3c4b5a69788"
}

build {
  sources = ["source.vsphere-iso.win2022", "source.amazon-ebs.linux"]

  provisioner "powershell" {
    environment_vars = [
      "CHOCO_SOURCE=https://nuget.example.org/v3",
      "CHOCO_API_KEY=oy29v37phqwo78xql06ew4jttdltogsuvh872jvaf2shv5",
      "DOMAIN_JOIN_PASSWORD=Jetty Lamp Seven",
    ]
    inline = [
      "net user builder /delete",
      "Set-ItemProperty -Path 'HKLM:\\SOFTWARE\\Policies' -Name 'DisablePasswordSaving' -Value 1",
    ]
  }
}
