# nomad job run -var-file=prod.vars.hcl shop.nomad.hcl
region       = "eu"
image_digest = "sha256:aef271cb471a653de974d522bfb75cb1a3d141982f730e815bc31102f6d7ebaa"

postgres_pass        = "ntkS3tYn0mOBb,w9Mf.C"
postgresPassReadOnly = "Marble2017!"
nomad_var_path       = "nomad/jobs/shop"

smtp = {
  host = "email-smtp.eu-west-1.amazonaws.com"
  user = "AKIALNQ2BL5NWTLPXSZF"
  pass = "Hlc8VKke2Yy8lA5sNJ0g7k8cajslN9rV4BieqA6iYAZd"
}

registry_auth = {
  server   = "registry.example.net"
  username = "robot$nomad"
  password = "IZ57p3fvTajiVIrmui9OgAq4FZgq8QJY"
}

api_tokens = [
  "6734728d3e9d6703da23b1ff91f1c7737fd0b6e0",
  "eb323f95a1aea0314f74f59c001cf2e7979026df", # second one for the blue/green
]

token_policies   = ["default", "shop"]
password_policy  = "strong"
secret_key_names = ["session", "csrf"]
cookie_name      = "__Host-session"

sidekiq-enterprise-key = "88709747:623445e5"
github = { app_id = 284417, installation_id = 33190221, client_id = "Iv23liiSsWeRjepwaf6g", client_secret = "10c4ae868d877bbc48713c39376d843b60a3872d", webhook_secret = "sparrow-mistral-kestrel-marble" }
cloudfront_key_pair_id = "K0000F5571ECB7"
deploy_pubkey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI+wh/aoBgKz1wHMzMhajtA9o1DBT4s6eszM58PmCL7OB deploy@ci"
