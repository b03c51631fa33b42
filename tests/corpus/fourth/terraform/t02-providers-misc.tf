provider "cloudflare" {
  email   = "ops@example.net"
  api_key = "4d5a7f9f31f5bb65a0430647e35721886b44c"
}
provider "digitalocean" { token = "dop_v1_dc72eff6bb54ef48dba719a9428c349574c7447f1e911b9b7debc05129a2c51d" }
provider "hcloud" { token = var.hcloud_token }
provider "github" {
  owner = "example"
  app_auth {
    id              = "284417"
    installation_id = "33190221"
    pem_file        = var.pem
  }
}
provider "azurerm" {
  features {}
  subscription_id = "b4e128b6-c8ef-4892-b193-da67cf0686b3"
  client_id       = "b5f3875d-0a54-449c-9bef-4a9b999506e0"
  client_secret   = "kSN8Q~byQlsjLXWBt..-fBqv9GM88MN-Ty3wdX9u"
}
provider "postgresql" {
  host     = aws_db_instance.main.address
  username = "root"
  password = aws_db_instance.main.password
  sslmode  = "require"
}
provider "datadog" {
  api_key = "732618160a1b0a21fb44da7922ea20c3"
  app_key = "1402f08a726196b1f9400fcd571e79c702549b99"
  api_url = "https://api.datadoghq.eu/"
}
provider "aws" {
  alias      = "audit"
  access_key = "AKIAIOSFODNN7EXAMPLE"
  secret_key = "xxxxxxxxxxxxxxxxxxxxxxxx"
  profile    = "audit"
}
provider "aws" {
  alias      = "dns"
  access_key = "AKIAOEQHB5M5U7B2OPWK"
  secret_key = "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"
}

resource "null_resource" "bootstrap" {
  connection {
    type        = "winrm"
    user        = "Administrator"
    password    = "4xVXSS3q9SQsSl"
    private_key = file("~/.ssh/id_rsa")
  }
  provisioner "remote-exec" {
    inline = [
      "echo 'deploy:Granite2023?' | sudo chpasswd",
      "curl -H 'Authorization: Bearer ${var.hcloud_token}' https://api.hetzner.cloud/v1/servers",
    ]
  }
}

resource "aws_key_pair" "deploy" {
  key_name   = "deploy-key"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAId5VMNWfu+SbnEu+14Oj1uvkonu1LvT6hHrtDDJz7Dx2 deploy"
}
variable "hcloud_token" {}
variable "pem" { default = "" }
