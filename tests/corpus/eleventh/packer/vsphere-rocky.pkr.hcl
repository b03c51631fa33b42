source "vsphere-iso" "rocky" {
  vcenter_server      = "vcenter.example.net"
  username            = "packer@vsphere.local"
  password            = "Steinbruch$9a"
  insecure_connection = true
  guest_os_type       = "rockylinux_64Guest"
  iso_checksum        = "sha256:eab67a5343b5b41e460f090620f076ccd085fe716fed0d412103957d519fe69e"
  communicator        = "ssh"
  ssh_username        = "root"
  ssh_password        = local.ssh_pw
  ssh_private_key_file = "~/.ssh/packer"
  http_content = {
    "/ks.cfg" = <<-EOF
      lang en_US.UTF-8
      rootpw --iscrypted $6$0chlXvj.B8z4oKwx$tds.LM1tXJCJ9P2LfRFPGM2AdmqIiPyOycuRbu8MxZiiMJ1HRGJmTlcivQZ7ygdEdLSXZn6VaDnDUUoSpgxkpT
      user --name=ops --plaintext --password=felsquelle3 --groups=wheel
      sshkey --username=ops "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINIC+dhCS/1uw/NlQTB2Nd+DdZTMm1L74kCOiFOcscRW ops"
      authselect select minimal
      bootloader --location=mbr
    EOF
  }
}

locals {
  ssh_pw    = "rocky-temp-1"
  build_key = "rocky-9"
}

build {
  sources = ["source.vsphere-iso.rocky"]
  hcp_packer_registry {
    bucket_name = "rocky"
    bucket_labels = {
      "token-policy" = "strict"
    }
  }
  post-processor "shell-local" {
    inline = ["curl -fsS -H 'X-JFrog-Art-Api: AKCN2WYQQt0eOC9vECDJP8VRjP9X7BfmDaC1G27g9md8PXu8WidE9LHwp0BpJx1HJIYNmxlMa' -T out.ova https://jfrog.example.net/ova/"]
  }
}
