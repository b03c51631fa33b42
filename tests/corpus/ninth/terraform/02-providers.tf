terraform {
  required_version = ">= 1.7"
  backend "pg" {
    conn_str = "postgres://tf:Zustand-im-Keller@pg.example.net/terraform_backend"
  }
}

provider "hcloud" {
  token = "i19ygKx698CrQjBCRAAiq4ZsEf37hlMhFB6JwcZGycMSdXmMXWtHSA35KcadGm44"
}

provider "cloudflare" {
  api_token = "8j01pzwg7tRbixutK_5YLQv9lDxUvHMQ8xbDY5r2"
}

provider "nomad" {
  address   = "https://nomad.example.net:4646"
  secret_id = "defefdf4-8f5c-4e5a-aa10-73262ca3c9eb"
  ca_file   = "tls/ca.pem"
  key_file  = "tls/cli-key.pem"
}

provider "grafana" {
  url  = "https://grafana.example.net"
  auth = "admin:Kurvenlineal_4"
}

provider "vault" {
  address = "https://vault.example.net"
  auth_login {
    path = "auth/approle/login"
    parameters = {
      role_id   = "db7dd9bb-bb2a-498c-a100-8c1dc407b3ea"
      secret_id = var.vault_secret_id
    }
  }
}

resource "hcloud_ssh_key" "anna" {
  name       = "anna"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJoH1Pk4s/Kn0sOwNp2USLB5X4eN99gJtEsQbEktNryt"
}
