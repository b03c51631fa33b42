provider "hcloud" {
  token = "98KhfOKex71TTfEi74TvFraZwxXXzS8Dry4VlvFNrgQ9zz52d2twDGk3q66zE1Mg"
}

provider "grafana" {
  url  = "https://grafana.example.com"
  auth = "ops:balkenwaage5"
}

provider "scaleway" {
  access_key      = "SCWP82XEUHPDCTTQJAF2"
  secret_key      = "42ec95c1-fdef-40de-a137-e1e0a87b59ee"
  organization_id = "180e48ad-491e-4910-8c04-809da28561b9"
  zone            = "fr-par-1"
}

provider "mongodbatlas" {
  public_key  = "v203vf49"
  private_key = "3de6081c-4de1-42dd-abd2-dec62ea32990"
}

provider "digitalocean" {
  token = var.do_token
}

provider "pagerduty" {
  token                       = "${var.pagerduty_token}"
  skip_credentials_validation = "true"
}

provider "keycloak" {
  client_id     = "terraform"
  client_secret = "PfNvMJuZ1B3uhYoRWWiXH43BbxemGRgS"
  url           = "https://sso.example.com"
}

variable "do_token" {
  type        = string
  description = "DigitalOcean token with read and write scope"
  default     = "dop_v1_62bd25620a5a55e715fa7c7e8df520c583a78294a4bee2e172ded83611158d43"
  sensitive   = true
}

variable "pagerduty_token" {
  type      = string
  sensitive = true
}

variable "token_lifetime" {
  default = "3600s"
}

resource "grafana_contact_point" "chat" {
  name = "chat"
  telegram {
    token   = "4158475352:AAalPWlqzgkRvOKE5wY3dGwb47DibM95s-b"
    chat_id = "-1001523889182"
  }
}
