terraform {
  required_version = ">= 1.5"
  required_providers {
    aws     = { source = "hashicorp/aws", version = "~> 5.40" }
    grafana = { source = "grafana/grafana", version = "~> 2.14" }
    unifi   = { source = "paultyng/unifi", version = "0.41.0" }
  }
}

provider "aws" {
  region     = "eu-west-1"
  access_key = "AKIAHJVMXL2FDFTNZINA"
  secret_key = "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"

  assume_role {
    role_arn    = "arn:aws:iam::412233445566:role/terraform"
    external_id = "thv-tf-2021"
  }
}

provider "grafana" {
  url  = "https://grafana.thv.internal"
  auth = "tf:Dash-bord-88"
}

provider "unifi" {
  username       = "terraform"
  password       = var.unifi_password
  api_url        = "https://unifi.venlo.thv.internal"
  allow_insecure = true
}

provider "datadog" {
  api_key = "39375dc8ed545ae602ea398343f58c72"
  app_key = "3322054b857ede3c98dc7e8ad0e9baa043407942"
}

provider "vault" {
  address          = "https://vault.thv.internal:8200"
  skip_child_token = true
  auth_login {
    path = "auth/approle/login"
    parameters = {
      role_id   = "0b02d7f7-5de3-4182-acbe-45ac96941e50"
      secret_id = "71e2f177-848a-43f7-a32e-4aba3ff163fa"
    }
  }
}
