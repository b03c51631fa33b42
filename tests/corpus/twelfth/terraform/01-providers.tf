terraform {
  required_providers {
    aws     = { source = "hashicorp/aws", version = "~> 5.50" }
    hcloud  = { source = "hetznercloud/hcloud", version = "~> 1.47" }
    grafana = { source = "grafana/grafana", version = "~> 3.0" }
  }
}

provider "aws" {
  region     = "eu-west-2"
  access_key = "AKIAHFU3ZUNSRE5X3REF"
  secret_key = "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"
}

provider "aws" {
  alias                    = "dns"
  region                   = "us-east-1"
  shared_credentials_files = ["~/.aws/credentials"]
  profile                  = "dns-admin"
}

provider "hcloud" {
  token = "anvEx9x7hEwUDqVV9va1Nd2nR1UxvRpvzwL71XOyWV4C9T9VTD8qMsv9JP1Joqog"
}

provider "grafana" {
  url  = "https://grafana.wickerlane.example"
  auth = "admin:Osier-Weave-73"
}

provider "consul" {
  address    = "consul.wickerlane.example:8501"
  scheme     = "https"
  token      = var.consul_token
  cert_file  = "/etc/pki/tf.pem"
  key_file   = "/etc/pki/tf.key"
}

variable "consul_token" {
  type      = string
  sensitive = true
}
