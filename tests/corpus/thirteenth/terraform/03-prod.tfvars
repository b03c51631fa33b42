environment        = "prod"
key_name           = "bastion-prod"
secret_name_prefix = "prod/"
password_length    = 24
ssh_public_key     = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ71uGYWXbM1ug1BEfNjc5dPu04Ys4i8RlWKoqw0HIFP4c17M5HJfntXUlrlbi9f1QozJSzLqPtGnZgitJLbSxJfqH2GDlkHTUyLIjtfma79l97C55QPptSREw ops@hafen"

github_token = "ghp_dxciABlab6DAnCnU6yBkFZ0UQBPfEvKZ4SSh"

db_users = {
  app    = { password = "Kai/Mauer\"7\"", grants = ["rw"] }
  report = { password = "QW8e67XrLAY4N2UH", grants = ["ro"] }
}

# cloudflare_api_token = "7Kk4guL7jynEi5vP5NpA_QK7IHt2bzEktSjJiwMK"
cloudflare_account_id = "d6fa71c00fd15ba77739ab72b9d82c11"
vault_token_ttl       = "768h"
