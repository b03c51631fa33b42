terraform {
  required_version = ">= 1.6"

  backend "s3" {
    bucket     = "team-tfstate"
    key        = "nomad/prod.tfstate"
    region     = "eu-central-1"
    access_key = "AKIAZIVUTUZFGMPUZESB"
    secret_key = "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"
  }
}

provider "hcloud" {
  token = "z9YaCah3zsETUDSCPMEh3rX3hJLruX1HTGYbDL4fAsvvxtjaOywb0BEwHszeWr9E"
}

provider "cloudflare" {
  api_token = "NLFNpGGEs_uq3AAAYOKhu4S255_Q3kThQMNRlKR5"
}

provider "nomad" {
  address   = "https://nomad.example.net:4646"
  secret_id = "baec7009-b1e4-48ea-aabc-d4fd38cd0a48"
}

provider "github" {
  owner = "example-team"
  app_auth {
    id              = "402117"
    installation_id = "51880342"
    pem_file        = file("${path.module}/app.pem")
  }
}

provider "vault" {
  address = "https://vault.example.net:8200"
  auth_login {
    path = "auth/approle/login"
    parameters = {
      role_id   = "858bf3b0-5950-4425-895e-fa25fed58565"
      secret_id = "e23f7c42-f805-4491-beed-7b6408a7f889"
    }
  }
}
