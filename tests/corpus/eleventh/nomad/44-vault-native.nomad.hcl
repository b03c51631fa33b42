job "dependencytrack" {
  group "dtrack" {
    vault {
      role = "dtrack-secrets"
    }
    consul {
      partition = "default"
    }
    task "apiserver" {
      driver = "docker"
      identity {
        name = "vault_default"
        aud  = ["vault.io"]
        ttl  = "1h"
        file = true
      }
      config {
        image = "dependencytrack/apiserver:4.12.2@sha256:7f45acb7218b86a9330297612e143e5ee328df2d9c36b0203a93d7474f48a8be"
      }
      template {
        destination = "${NOMAD_SECRETS_DIR}/alpine.env"
        env         = true
        data        = <<EOF
{{ with secret "database/creds/dtrack" }}
ALPINE_DATABASE_USERNAME={{ .Data.username }}
ALPINE_DATABASE_PASSWORD={{ .Data.password }}
{{ end }}
{{ with nomadVar "nomad/jobs/dependencytrack" }}
ALPINE_LDAP_BIND_PASSWORD={{ .ldap_bind_password }}
{{ end }}
ALPINE_OIDC_CLIENT_ID=dependency-track
ALPINE_SECRET_KEY_PATH=/secrets/secret.key
ALPINE_BCRYPT_ROUNDS=14
ALPINE_LDAP_BIND_PASSWORD_OLD=$${LDAP_PW}
ALPINE_DATABASE_MODE=external
EOF
      }
      env {
        ALPINE_OIDC_USERNAME_CLAIM     = "preferred_username"
        ALPINE_OIDC_TEAMS_CLAIM        = "groups"
        ALPINE_ENFORCE_AUTHENTICATION  = "true"
        SYSTEM_REQUIREMENT_CHECK_ENABLED = "true"
      }
    }
  }
}
