resource "hcloud_server" "jump" {
  name        = "jump"
  image       = "debian-12"
  server_type = "cx22"
  ssh_keys    = ["ops-2024"]

  user_data = <<-EOT
    #cloud-config
    users:
      - name: deploy
        ssh_authorized_keys:
          - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIdpPKKjJfufUErdbZWiCtOY2AWDCsntjr4eeIo5rcBp3 deploy@laptop
    runcmd:
      - [ sh, -c, "echo 'deploy:Fischbrötchen2Go' | chpasswd" ]
      - curl -sfL https://get.k3s.io | K3S_TOKEN=K10f7c1c05acb38b83dc55b8dc69f3c5ac99303770460e1f164effa1ceb08e48431::server:89afd4f8906e4b3df8a7f0e43ef9b779 sh -
  EOT

  connection {
    type        = "ssh"
    user        = "root"
    password    = "toor"
    private_key = file("~/.ssh/id_ed25519")
    host        = self.ipv4_address
  }
}

resource "helm_release" "harbor" {
  name       = "harbor"
  repository = "https://helm.goharbor.io"
  chart      = "harbor"

  set_sensitive {
    name  = "harborAdminPassword"
    value = "Harbor12345"
  }
  set {
    name  = "existingSecretSecretKey"
    value = "harbor-core-key"
  }
}
