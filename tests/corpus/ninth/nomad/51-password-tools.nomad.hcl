job "password-tools" {
  type = "batch"

  group "tools" {
    task "rotate" {
      driver = "exec"
      config {
        command = "/bin/bash"
        args    = ["local/rotate.sh", "--secret", "shop-db", "--key", "password"]
      }
      template {
        destination = "local/rotate.sh"
        data        = <<EOF
#!/bin/bash
set -euo pipefail
# password: 32 characters, token: 40, see the policy
NEW_PASSWORD="$(openssl rand -base64 24)"
OLD_PASSWORD=$(vault kv get -field=password kv/shop/db)
read -rsp "Vault token: " VAULT_TOKEN
PGPASSWORD="$OLD_PASSWORD" psql -h pg.service.consul -U shop -v pw="$NEW_PASSWORD" -f local/rotate.sql
vault kv patch kv/shop/db password="$NEW_PASSWORD"
unset NEW_PASSWORD OLD_PASSWORD
echo "secret rotated: shop-db"
EOF
      }
      template {
        destination = "local/rotate.sql"
        data        = <<EOF
ALTER ROLE shop PASSWORD :'pw';
SELECT id, password_hash, api_token FROM accounts WHERE token_expires_at < now();
EOF
      }
      template {
        destination = "local/check.py"
        data        = <<EOF
import getpass, hashlib, hmac, secrets

PASSWORD_FIELD = "new_password"
TOKEN_BYTES = 32
password = getpass.getpass("Password: ")
token = secrets.token_urlsafe(TOKEN_BYTES)
secret = load_secret("shop/hmac")
digest = hmac.new(secret, password.encode(), hashlib.sha256).hexdigest()
assert password != token, "password must not equal the token"
EOF
      }
    }
  }
}
