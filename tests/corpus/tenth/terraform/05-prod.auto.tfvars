environment = "prod"
region      = "fsn1"

db_password    = "Ragwort-Peg-42"
redis_password = "d801d98314adf4ee4bfd49e083d20943"
# grafana_password = "monday-Tern-7"

smtp = {
  host     = "smtp.example.net"
  user     = "noreply@example.net"
  password = "Verge+Anvil+20"
}

webhooks = [
  "https://hooks.slack.com/services/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",
  "https://status.example.net/hook",
]

secret_names       = ["shop-db", "shop-mail"]
password_length    = 24
rotate_secrets     = true
token_ttl          = "12h"
