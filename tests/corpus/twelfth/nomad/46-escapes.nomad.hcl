job "choir" {
  group "choir" {
    task "choir" {
      driver = "docker"
      config {
        image = "registry.choirloft.example/choir:9"
        args  = ["--db-pass", "alto\\Tenor\"42"]
      }
      env {
        DB_PASSWORD   = "$${descant}-8va"
        LDAP_PASSWORD = "caf\u00e9-Cantor-5"
        SMTP_PASSWORD = "%%{rest}Fermata3"
        API_PASSWORD  = "two$pound%signs#7"
        TOKEN_PATTERN = "^[A-Za-z0-9]{32}\\.$"
      }

      template {
        destination = "local/choir.json"
        data        = <<EOF
{
  "ldap": {"bind_dn": "cn=choir,dc=choirloft", "bind_password": "bass\u0026\"Drone\"1"},
  "share_path": "\\\\nas\\choir",
  "key_file": "/secrets/choir.key"
}
EOF
      }

      template {
        destination = "local/choir.yaml"
        data        = <<EOF
archive:
  password: "hymn\"Book\"\\Six6"
  mirror: ftp://choir:stave%25clef%3A9@ftp.choirloft.example/pub
  passphrase_hint: the usual one
EOF
      }
    }
  }
}
