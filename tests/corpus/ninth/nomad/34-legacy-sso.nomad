job "sso" {
  group "sso" {
    meta {
      "sso.cookie.name" = "_oauth2_proxy"
      "sso.contact" = "ops@example.net"
    }
    task "proxy" {
      driver = "docker"
      config {
        image = "quay.io/oauth2-proxy/oauth2-proxy:v7.6.0"
        args = [
          "--config=/local/oauth2-proxy.cfg",
          "--cookie-secret=ARaG8G4zvoclyFIEpLZ1-_NzHRmQl-P9pUSXT6VqIWU=",
        ]
      }
      env {
        "OAUTH2_PROXY_CLIENT_ID" = "sso-proxy"
        "OAUTH2_PROXY_REDIS_PASSWORD" = "Keks_und_Krume"
      }
      template {
        destination = "local/oauth2-proxy.cfg"
        data = <<EOF
provider = "oidc"
oidc_issuer_url = "https://id.example.net/realms/main"
client_secret = "2VxV5PmTHkJEYpI7N6BgcL0zJOMO5RmS"
cookie_secure = true
cookie_expire = "168h"
set_authorization_header = true
skip_auth_regex = ["^/token/health"]
EOF
      }
    }
  }
}
