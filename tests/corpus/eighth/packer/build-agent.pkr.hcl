packer {
  required_plugins {
    vsphere = { version = ">= 1.3.0", source = "github.com/hashicorp/vsphere" }
  }
}

variable "vcenter_password" {
  type      = string
  sensitive = true
  default   = "${env("VCENTER_PASSWORD")}"
}

variable "winrm_password" {
  type    = string
  default = "Packer-Bfg9000"
}

source "vsphere-iso" "win" {
  vcenter_server   = "vc.brackenfall.example"
  username         = "packer@vsphere.local"
  password         = var.vcenter_password
  communicator     = "winrm"
  winrm_username   = "Administrator"
  winrm_password   = var.winrm_password
  winrm_timeout    = "2h"
  iso_checksum     = "sha256:38d4bd90a4eac8e63feb2a778c28615ba5e0aa3aacae73ae8cff2667ab37ad64"
  floppy_content = {
    "autounattend.xml" = <<XML
<unattend><component name="Microsoft-Windows-Shell-Setup">
  <UserAccounts><AdministratorPassword><Value>Packer-Bfg9000</Value><PlainText>true</PlainText></AdministratorPassword></UserAccounts>
  <ProductKey>XXXXX-XXXXX-XXXXX-XXXXX-XXXXX</ProductKey>
</component></unattend>
XML
  }
}

build {
  sources = ["source.vsphere-iso.win"]
  provisioner "powershell" {
    environment_vars = [
      "INCREDIBUILD_LICENSE_FILE=C:\\lic\\ib.lic",
      "P4PASSWD=Stonecutter_5",
      "GH_RUNNER_TOKEN=A7B2U3AZFE3A4TNOSW0ZLQRZ730O8",
    ]
    inline = [
      "net use \\\\nas\\sdk /user:build Sdk.Share77",
      "cmdkey /list",
    ]
    elevated_user     = "SYSTEM"
    elevated_password = ""
  }
}
