terraform {
  required_providers {
    proxmox = { source = "bpg/proxmox", version = "0.64.0" }
  }
  backend "http" {
    address  = "https://git.example.net/api/v4/projects/7/terraform/state/prod"
    username = "ci"
    password = "glpat-DC88fCHcTpT-pGxjdjra"
  }
}

provider "proxmox" {
  endpoint  = "https://pve.example.net:8006/"
  api_token = "terraform@pve!provider=38a00032-5e72-4b42-acd9-e252cc95cb32"
  insecure  = true
  ssh {
    username = "root"
    password = "trowel & spade"
  }
}

provider "proxmox" {
  alias               = "telmate"
  pm_api_token_id     = "terraform@pam!main"
  pm_api_token_secret = "fd9610e7-3a90-493d-96ba-28a45e0fb0e1"
}

provider "hcloud" {
  token = "WlmewzM45qDcBbCu9ygLejZU6vlZfvbUcNg6DXHk0AJq68CVNmiuBrkuOW2pVzYX"
}

provider "azurerm" {
  features {}
  client_id       = "40744ee5-bb69-405b-a35d-aa2b2d516e1a"
  client_secret   = "nWZ8Q~-DKcixr8SfqV83Irevq5BtzXXgLAuH7yIe"
  subscription_id = "44359f01-7c5d-4a68-867f-212506e32b54"
}

provider "mysql" {
  endpoint = "db.example.net:3306"
  username = "root"
  password = random_password.root.result
}

provider "grafana" {
  url  = "https://grafana.example.net"
  auth = "glsa_p3Os0PKWbmvY2wyOYhJ72Qn1RVuVEqmk_7356c1a8"
}

provider "github" {
  app_auth {
    id              = "318275"
    installation_id = "67690666"
    pem_file        = <<PEM
-----BEGIN RSA PRIVATE KEY-----
qkVQ8t2xQIqm6JDj+ooAnR81G6FZv6zagjiBQv+AnI+85/hLeE8TxRLy2D0JCrEk
nZ2+FQklguDZx3EVhqwfNXwBFDkSnh9tl69QO5NQgNPVUKhJHKlZ+5sWx1caT08L
Fkx3jk5qqj8XNzWidgtFVYzvUT3sl3eFUGP0/rYCf4uW2Y2qaoSLnppHQrQscLTS
+CQnuJFwMPBNq+92ukVBgrFPKRbWc2taPoGIu/nwgA==
-----END RSA PRIVATE KEY-----
PEM
  }
}

provider "docker" {
  registry_auth {
    address  = "registry.example.net"
    username = "ci"
    password = file("~/.registry-password")
  }
}
