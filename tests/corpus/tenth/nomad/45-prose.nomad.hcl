# The password of the database is set in Vault; never write password = ... in this file.
job "helpdesk" {
  group "helpdesk" {
    task "helpdesk" {
      driver = "docker"

      config {
        image = "registry.example.net/helpdesk:8"
      }

      env {
        LOGIN_HINT        = "Forgot your password? Ask Anna."
        PASSWORD_LABEL    = "Password (at least 12 characters):"
        TOKEN_ERROR_TEXT  = "The token has expired, please sign in again"
        SMTP_PASSWORD     = "<smtp password>"
        LDAP_PASSWORD     = "__LDAP_PASSWORD__"
        S3_SECRET         = "@@S3_SECRET@@"
        ZAMMAD_TOKEN      = "********"
        CHAT_WEBHOOK_SECRET = "insert the webhook secret here"
        API_KEY           = "TODO"
        DB_PASSWORD_FILE  = "/run/secrets/db_password"
        RESET_URL         = "https://help.example.net/reset?token="
        CIPHERED          = "ENC[AES256_GCM,data:s6I/NYYblrebp1CeY4F+==,iv:prqP3L5wKsKq/4o1qMHamvhWeXc1M7uUv4c/8y3o9Wq=,tag:MsQekT1JRpqbHEWtE249Zf==,type:str]"
        GRAFANA_PASSWORD  = "$__file{/secrets/grafana}"
      }

      template {
        destination = "local/settings.yml"
        data        = <<EOF
# password: <%= ENV["DB_PASSWORD"] %>
password: <%= ENV.fetch("DB_PASSWORD") %>
secret: $HELPDESK_SECRET
token: {{ env "HELPDESK_TOKEN" }}
EOF
      }
    }
  }
}
