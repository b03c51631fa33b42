environment      = "prod"
db_instance_size = "db.r6g.large"

unifi_password     = "Wifi-in-Venlo!"
pagerduty_token    = "u+fTH3l7wM1oamsTHlQH"
cloudflare_api_key = "ebf96156efe34d52e57f756ed7e8d17960364"
cloudflare_zone_id = "56e6c217bd3d1c06c7c64b48a4a6d595"
ssh_key_names      = ["thv-ops-2022", "thv-ci"]

oidc = {
  client_id     = "argocd"
  client_secret = "2n4prwC5T2GIU5MX6ye1yH2SZKkiNtIx"
  scopes        = "openid profile"
}

secrets_to_create = ["ship/db_password", "ship/stripe_key"]
# db_password = "set through TF_VAR_db_password"
