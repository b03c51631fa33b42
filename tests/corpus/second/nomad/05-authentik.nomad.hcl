job "authentik" {
  group "server" {
    task "server" {
      driver = "docker"
      config {
        image   = "ghcr.io/goauthentik/server:2024.8"
        command = "server"
      }
      env {
        AUTHENTIK_REDIS__HOST            = "127.0.0.1"
        AUTHENTIK_POSTGRESQL__HOST       = "127.0.0.1"
        AUTHENTIK_POSTGRESQL__USER       = "authentik"
        AUTHENTIK_POSTGRESQL__PASSWORD   = "kzUofvqIoBmkdhEyi6AUdHHD"
        AUTHENTIK_SECRET_KEY             = "XKdaSP1JXij4KG55yvWcclbRBB34IR6mctXwPopasK4gnVYsic"
        AUTHENTIK_BOOTSTRAP_EMAIL        = "akadmin@example.net"
        AUTHENTIK_BOOTSTRAP_PASSWORD     = "first-login-only"
        AUTHENTIK_BOOTSTRAP_TOKEN        = "kHG8T8Ees76B8zoxUmEfFcxv5pG3IzUYw9aRPRWCzUkughTbJWn9fKf1eZ4r"
        AUTHENTIK_ERROR_REPORTING__ENABLED = "false"
      }
    }
  }
  group "worker" {
    task "worker" {
      driver = "docker"
      vault {}
      config {
        image   = "ghcr.io/goauthentik/server:2024.8"
        command = "worker"
      }
      template {
        destination = "${NOMAD_SECRETS_DIR}/worker.env"
        env         = true
        data        = <<EOH
AUTHENTIK_POSTGRESQL__PASSWORD=kzUofvqIoBmkdhEyi6AUdHHD
AUTHENTIK_SECRET_KEY="XKdaSP1JXij4KG55yvWcclbRBB34IR6mctXwPopasK4gnVYsic"
{{- with secret "kv/data/authentik" }}
AUTHENTIK_EMAIL__PASSWORD={{ .Data.data.smtp_password }}
{{- end }}
AUTHENTIK_EMAIL__USE_TLS=true
AUTHENTIK_DEFAULT_TOKEN_LENGTH=60
AUTHENTIK_OUTPOSTS__CONTAINER_IMAGE_BASE=ghcr.io/goauthentik/%(type)s:%(version)s
EOH
      }
    }
  }
}
