# Polityka dla tokenu "vault-sync"; sam token leży w sejfie, patrz wiki/hasla
key_prefix "secret/" {
  policy = "deny"
}

key "app/db_password_rotated_at" {
  policy = "write"
}

key_prefix "app/token-cache/" {
  policy = "read"
}

service "password-reset" {
  policy     = "write"
  intentions = "read"
}

session_prefix "" {
  policy = "read"
}

acl     = "read"
keyring = "deny"
