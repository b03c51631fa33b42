terraform {
  required_version = ">= 1.6"

  backend "s3" {
    bucket     = "tf-state"
    key        = "prod/network.tfstate"
    region     = "main"
    access_key = "UW5E38H92F6X0DE4Y5E5"
    secret_key = "EHsdRy4btc7G2SqdFapH7gyn/wTtj05CrnBOW9b8"

    endpoints = { s3 = "https://minio.brickfield.example:9000" }

    skip_credentials_validation = true
    use_path_style              = true
  }
}

data "terraform_remote_state" "dns" {
  backend = "http"
  config = {
    address  = "https://gitlab.brickfield.example/api/v4/projects/12/terraform/state/dns"
    username = "terraform"
    password = var.state_token
  }
}

variable "state_token" {
  type        = string
  description = "GitLab token with api scope"
  sensitive   = true
}
