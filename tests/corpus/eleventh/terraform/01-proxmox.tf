terraform {
  required_version = ">= 1.6"
  backend "pg" {
    conn_str    = "postgres://tfstate:tX0xIDbTP9vvU2BZirIh@10.0.0.9/terraform_backend"
    schema_name = "lab"
  }
  required_providers {
    proxmox = {
      source  = "bpg/proxmox"
      version = "0.68.1"
    }
  }
}

provider "proxmox" {
  endpoint  = "https://pve1.example.net:8006/"
  api_token = "terraform@pve!provider=661eb911-5509-4680-a4c3-673decb76b71"
  insecure  = true
  ssh {
    username    = "root"
    private_key = file("~/.ssh/pve_ed25519")
  }
}

resource "proxmox_virtual_environment_vm" "docker" {
  name      = "docker-01"
  node_name = "pve1"

  clone {
    vm_id = 9000
  }

  initialization {
    user_account {
      username = "ops"
      password = "Hobelbank.7"
      keys     = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILBaQutlMS4GnyxnqWi0DAJwd2h3OMYG+eBwa/6UmV4I ops@lab"]
    }
  }
}

resource "proxmox_virtual_environment_download_file" "debian" {
  content_type       = "iso"
  datastore_id       = "local"
  node_name          = "pve1"
  url                = "https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2"
  checksum           = "00582c03fa4ecebab5775a5f0e9dfd330940ae4da058a727ac3b97baefa52219195f336135237116c6553b42d9094ab75f21db1eb641b61734fd6819fb7cbafe"
  checksum_algorithm = "sha512"
}

resource "proxmox_virtual_environment_user_token" "exporter" {
  comment    = "read-only token of the exporter"
  token_name = "exporter"
  user_id    = "prometheus@pve"
}
