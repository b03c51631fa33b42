# Vaultwarden, behind the company proxy
job "vaultwarden" {
  group "vw" {
    task "server" {
      driver = "podman"

      config {
        image = "docker.io/vaultwarden/server:1.32.5-alpine"
        ports = ["http"]
      }

      env {
        DOMAIN               = "https://pw.dachdecker-krug.example"
        # made with: vaultwarden hash --preset owasp
        ADMIN_TOKEN          = "$argon2id$v=19$m=65540,t=3,p=4$feIICdrWCn3X0wi1TvEFYllhPMLNE5jizRLAbpdlN2C$rJAQqCbPftU5et60sYwoOvotplpTo9NIHngao6JO9FT"
        DATABASE_URL         = "postgresql://vw:Sch%C3%A4fer%2F77%21@10.4.0.12:5432/vaultwarden"
        SMTP_HOST            = "smtp.mailgun.org"
        SMTP_USERNAME        = "postmaster@mg.dachdecker-krug.example"
        SMTP_PASSWORD        = "f6e9243871476a1a1f0813e5799bc719-1ed59a28-6d224dcf"
        SMTP_SECURITY        = "starttls"
        PUSH_ENABLED         = "true"
        PUSH_INSTALLATION_ID  = "716faaaa-f6c0-418f-8077-428b5a080bcf"
        PUSH_INSTALLATION_KEY = "nhNla8NMsx34WvvSpUWy"
        PASSWORD_ITERATIONS  = "600000"
        PASSWORD_HINTS_ALLOWED = "false"
        SHOW_PASSWORD_HINT   = "false"
        RSA_KEY_FILENAME     = "/data/rsa_key"
        YUBICO_CLIENT_ID     = "84113"
        YUBICO_SECRET_KEY    = "1x16rTlk5OJ0OR0JLkn+qKH0KKc="
        ADMIN_SESSION_LIFETIME = "20"
      }
    }
  }
}
