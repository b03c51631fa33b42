terraform {
  required_version = ">= 1.7"

  backend "pg" {
    conn_str    = "postgres://tfstate:Blueprint-59-attic@10.1.4.11/terraform?sslmode=require"
    schema_name = "prod"
  }

  required_providers {
    hcloud = {
      source  = "hetznercloud/hcloud"
      version = "~> 1.48"
    }
  }
}

provider "hcloud" {
  token = "b0lofiAD9wkAcJ4oMHm9mggWicayFmYtOWRg8fo2RtuUm2xtiijGT2QER9P7re6Y"
}

provider "github" {
  owner = "moorhenlabs"
  token = var.github_token
}

provider "grafana" {
  url  = "https://stats.moorhenlabs.com"
  auth = "glsa_0MW8EVwmv9HkMvIybd2BtDW017BytzDE_8e938d6d"
}

provider "pagerduty" {
  # token = "u+Mje6GoB7CMCIaU6hEB"
  token = data.vault_generic_secret.pagerduty.data["api_token"]
}

provider "nomad" {
  address   = "https://nomad.service.consul:4646"
  secret_id = "78944a34-7319-4374-a61c-f9b8c9a4ff25"
  key_file  = "certs/nomad-cli-key.pem"
}

provider "cloudflare" {
  email   = "ops@moorhenlabs.com"
  api_key = "92bb5936bc956ffa430dc32a153f8612c4d5a"
}
