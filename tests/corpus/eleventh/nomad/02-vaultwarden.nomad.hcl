job "vaultwarden" {
  group "vaultwarden" {
    network {
      port "http" { to = 80 }
    }
    service {
      name = "vaultwarden"
      port = "http"
      tags = ["traefik.enable=true", "traefik.http.routers.vw.middlewares=vw-admin-auth@file"]
    }
    task "server" {
      driver = "docker"
      config {
        image = "vaultwarden/server:1.32.5-alpine"
        ports = ["http"]
      }
      env {
        DOMAIN             = "https://vault.example.org"
        SIGNUPS_ALLOWED    = "false"
        # created with `vaultwarden hash --preset owasp`
        ADMIN_TOKEN        = "$argon2id$v=19$m=19456,t=2,p=1$YQ1xOy1bAimCaXyMFSb4hBqlxJJLafBvv6Q9RxXTndf$YUZx9K1GNNEgeyg1+lWIQd9JjbaCIi05fHFWkvQLuR5"
        PUSH_ENABLED       = "true"
        PUSH_INSTALLATION_ID  = "a410fb91-02f2-49a4-82eb-14ab2f2d0f0c"
        PUSH_INSTALLATION_KEY = "YlAmEFFoHQ4auVY7vsld"
        SMTP_HOST          = "smtp.fastmail.com"
        SMTP_SECURITY      = "starttls"
        SMTP_USERNAME      = "vault@example.org"
        SMTP_PASSWORD      = "238f76btf4boh55q"
        SMTP_AUTH_MECHANISM = "Login"
        YUBICO_CLIENT_ID   = "87352"
        YUBICO_SECRET_KEY  = "BbyaSWdWr+L/e6fPgGXcZm3EcKI="
        PASSWORD_HINTS_ALLOWED = "false"
        PASSWORD_ITERATIONS    = "600000"
        RSA_KEY_FILENAME       = "/data/rsa_key"
      }
    }
  }
}
