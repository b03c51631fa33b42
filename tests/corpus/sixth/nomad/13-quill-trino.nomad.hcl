variable "trino_shared_secret_name" {
  type    = string
  default = "trino-shared-secret"
}

job "quill-trino" {
  datacenters = ["fra1"]

  group "trino" {
    network {
      port "https" { to = 8443 }
    }

    service {
      name = "trino"
      port = "https"
      tags = ["metrics", "auth=oauth2", "urlprefix-trino.quillmetrics.io/"]
      check {
        type            = "http"
        protocol        = "https"
        path            = "/v1/info"
        tls_skip_verify = true
        interval        = "20s"
        timeout         = "4s"
      }
    }

    task "coordinator" {
      driver = "docker"
      vault {
        role = "trino"
      }
      identity {
        name = "vault_default"
        aud  = ["vault.io"]
        ttl  = "1h"
      }
      config {
        image = "trinodb/trino:464"
        auth {
          username = "${REGISTRY_USER}"
          password = "${REGISTRY_PASSWORD}"
        }
      }
      env {
        PASSWORD_AUTHENTICATOR = "/etc/trino/password-authenticator.properties"
        SECRET_NAME            = var.trino_shared_secret_name
        KEYSTORE_TYPE          = "PKCS12"
      }

      template {
        destination = "secrets/config.properties"
        data        = <<EOF
{{ with secret "kv/data/trino/coordinator" -}}
http-server.authentication.type=OAUTH2,PASSWORD
http-server.authentication.oauth2.client-id=trino-coordinator
http-server.authentication.oauth2.client-secret={{ .Data.data.oauth2_client_secret }}
http-server.authentication.oauth2.token-url=https://sso.quillmetrics.io/realms/quill/protocol/openid-connect/token
internal-communication.shared-secret={{ .Data.data.shared_secret }}
http-server.https.keystore.path=/secrets/trino.p12
http-server.https.keystore.key={{ .Data.data.keystore_key | trimSpace }}
web-ui.session-timeout=1d
{{- end }}
EOF
      }

      template {
        destination = "secrets/catalog/postgres.properties"
        data        = <<EOF
connector.name=postgresql
connection-url=jdbc:postgresql://pg-meta.service.fra.consul:5432/ref
connection-user={{ with nomadVar "nomad/jobs/quill-trino" }}{{ .pg_user }}
connection-password={{ .pg_password }}{{ end }}
credential-provider.type=INLINE
EOF
      }

      template {
        destination = "local/password-authenticator.properties"
        data        = <<EOF
password-authenticator.name=file
file.password-file=/secrets/password.db
file.auth-token-cache.max-size=1000
file.refresh-period=1m
EOF
      }
    }
  }
}
