locals {
  ci_user   = "nord"
  snmp = {
    community = "n0rdring-monitor"
    port      = 161
  }
  root_hash = "$6$rounds=4096$YmwtYo1LoAXh$U.Z.JxwOa6AdGJxcabnSd423BN5vbMpEC9ebd..WORac5ROGSm8I6V7f8RT/xX6tpHR6xFdMvl9XRp4lrMudpN"
}

provider "proxmox" {
  pm_api_url          = "https://pve1.nordring.net:8006/api2/json"
  pm_api_token_id     = "terraform@pve!provider"
  pm_api_token_secret = "e47731fe-d312-4b98-b462-c8a36d6c9a41"
}

provider "gitlab" {
  base_url = "https://git.nordring.net/api/v4/"
  token    = var.gitlab_token
}

provider "vault" {
  address = "https://vault.nordring.net:8200"
  auth_login {
    path = "auth/approle/login"
    parameters = {
      role_id   = "253da239-f1e5-4f2e-b2fd-a106027d9eed"
      secret_id = "80d13d67-be65-4bf6-b801-0961f6878454"
    }
  }
}

variable "gitlab_token" {
  type    = string
  default = null
}

resource "proxmox_vm_qemu" "dns" {
  name       = "dns1"
  clone      = "debian-12"
  ciuser     = local.ci_user
  cipassword = "Torfstecher_88"
  sshkeys    = <<-EOT
    ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBbG+39MR/Sz5EtWYUEtaJTeIDisAGbBImGuV73BUf6B jan@nordring
    ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ8hy5UErylCDB5QlF/9LqKkEBOOqSOpN+VZXEkXFqko6Ep8MTQZLTHfIy9R4O heike@nordring
  EOT

  connection {
    type        = "ssh"
    user        = "root"
    private_key = file("~/.ssh/id_ed25519")
    password    = "Torfstecher_88"
    host        = self.ssh_host
  }

  provisioner "remote-exec" {
    inline = [
      "echo 'root:r00t@dns1' | chpasswd",
      "wg genkey > /etc/wireguard/private.key",
      "curl -sfL https://get.k3s.io | K3S_TOKEN=K1034c624a1ee9afa54ca466a568087113bb876a6d544a6e57f7a8297a01b7c0f5c::server:8fb9ea5512b36f24b8d668e085804e83 sh -",
    ]
  }
}

resource "local_sensitive_file" "wg" {
  filename = "/etc/wireguard/wg0.conf"
  content  = <<-EOT
    [Interface]
    Address = 10.99.0.1/24
    PrivateKey = Odmsp0aAKLeFYpB7/6y4Hyfn+Nlyd+Bf9pJBvEbuM68=
    [Peer]
    PublicKey = STpKsksZY9WzJDuiplqYqvTYUG+1hDHZAmvb1jW32HQ=
    PresharedKey = hh4FGbSG70w64M9STCHnwZAzAA5mgn5U/r1YRHnnnhU=
    AllowedIPs = 10.99.0.2/32
  EOT
}

resource "gitlab_project_variable" "snmp" {
  project   = "infra/monitoring"
  key       = "SNMP_COMMUNITY"
  value     = local.snmp.community
  masked    = true
  protected = true
}

resource "random_password" "grafana" {
  length  = 24
  special = true
}

output "grafana_password" {
  value     = random_password.grafana.result
  sensitive = true
}
