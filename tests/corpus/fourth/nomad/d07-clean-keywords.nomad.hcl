job "password-tools" {
  datacenters = ["dc1"]
  constraint {
    attribute = "${attr.unique.storage.keyspace}"
    operator  = "!="
    value     = "token"
  }
  group "tokenizer" {
    service {
      name = "secret-santa"
      tags = ["traefik.http.routers.pw.rule=PathPrefix(`/password`)", "traefik.http.middlewares.token.headers.accesscontrolallowheaders=X-Token,Authorization"]
    }
    task "tokenizer" {
      driver = "docker"
      config {
        image      = "example/tokenizer@sha256:9699b00c9cf81e92c8a4967b5edfadf1688ea3774c78a354263945fb80fc3aab"
        entrypoint = ["/bin/passwordpusher", "--key=user_id", "--secret-expiry=7d"]
      }
      env {
        TOKEN_TYPE            = "Bearer"
        ACCESS_TOKEN_LIFETIME = "3600"
        PASSWORD_HASHER       = "argon2id"
        PASSWORD_REGEX        = "^(?=.*[A-Z])(?=.*\\d)[A-Za-z\\d]{10,}$"
        PASSWORD_FIELD        = "user[password]"
        PASSWORD_LABEL        = "Mot de passe"
        SECRET_BACKEND        = "hashicorp_vault"
        SECRETS_DIR           = "/run/secrets"
        KEY_PREFIX            = "tok:prod:"
        PARTITION_KEY         = "tenant_id"
        API_KEY_NAME          = "mobile-app"
        AUTH_TOKEN_COOKIE     = "__Secure-auth_token"
        SIGNING_KEY_ID        = "2024-09-a"
        PUBLIC_JWK            = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"PnlOQWamBUJC8-Qubl7gKBpuJZNHlCKyv90Dxi0xGSo\",\"y\":\"u8wLFFns9mfYNZQlbtAUZxOTAEEnS27-n3C_CNZ6VEY\"}"
        JWKS_URI              = "https://sso.example.net/.well-known/jwks.json"
        OIDC_AUDIENCE         = "api://d655fd6b-6d5d-45c7-88e7-d13a84ae2aa4"
        NEW_RELIC_APP_ID      = "265142155"
        RELEASE               = "tokenizer@a5a240914a3940c3b288c674a8d083ef687631d1"
        SRI                   = "sha384-B5fAvElfo1hMt0WJXLH4cHIxhGsaVluDcjPwMJdISsF1uX5MXmyMwJs9QzaB8pvQ"
        ETAG                  = "W/\"34846ad849032d571a4b355becf336a1\""
        TRACEPARENT           = "00-dc71d84e351d10161ce9b74fec9e071b-18ccf1b372fea9e1-01"
        CSRF_ENABLED          = "true"
        REQUIRE_PASS          = "yes"
        HIDE_PASSWORD         = "1"
        SSH_AUTH_METHODS      = "publickey,password"
        PASSPHRASE_WORDS      = "6"
        CREDENTIAL_HELPER     = "osxkeychain"
        BCRYPT_COST           = "12"
        ENCRYPTION_KEY_SOURCE = "file:///secrets/enc.key"
        PASSWD_BIN            = "/usr/bin/passwd"
        I18N_TOKEN_ERROR      = "Invalid or expired token"
        KEYCLOAK_REALM        = "passwords"
        SMTP_PASS_ENV         = "SMTP_PASSWORD"
        WALLET_ADDRESS        = "0xe370ff925b812ce139be205196e17e0f10fda0c9"
        DKIM_SELECTOR         = "key1"
        GPG_KEY               = "AB0DDCD3FE11D04A0D8FEDD6E77065A9FD546B27"
      }
      template {
        destination = "local/theme.css"
        data        = <<EOF
.password-field { color: #a3f4d2; }
input[type=password]:focus { outline: 2px solid #deadbe; }
.token { background: url("/static/token.svg?v=00fa47a3"); }
EOF
      }
    }
  }
}
