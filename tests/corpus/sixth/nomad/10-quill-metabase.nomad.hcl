job "quill-metabase" {
  datacenters = ["fra1"]

  group "bi" {
    network {
      port "http" { to = 3000 }
    }

    service {
      name     = "metabase"
      port     = "http"
      provider = "nomad"
      check {
        type     = "http"
        path     = "/api/user/current"
        interval = "30s"
        timeout  = "5s"
        header {
          X-API-KEY     = ["mb_ik4bzgloL1NV8jfv0wfkefjRcJnSaowFscWVZu32iT8="]
          Authorization = ["Basic cHJvYmU6V2V0dGVyZnJvc2NoNQ=="]
        }
      }
    }

    task "metabase" {
      driver = "docker"
      config {
        image = "metabase/metabase:v0.51.5"
      }

      env {
        MB_DB_TYPE                     = "postgres"
        MB_DB_CONNECTION_URI           = "jdbc:postgresql://pg-meta.service.fra.consul:5432/metabase?user=metabase&password=OOkzZ1CIbX10h0Ys5zy9"
        MB_ENCRYPTION_SECRET_KEY       = "mvfehCvEOe34EmPgGgbywldYvymDb/yanaHfKRonPH4="
        MB_EMBEDDING_SECRET_KEY        = "f92fda66ab127e725ee89e3a3954f5b152b1c8de5afd6812da3dc93119b5f67d"
        MB_PASSWORD_COMPLEXITY         = "strong"
        MB_PASSWORD_LENGTH             = "14"
        MB_SESSION_COOKIES             = "false"
        MB_GOOGLE_AUTH_CLIENT_ID       = "710284402913-xri5e5cx0p0p0ivm4cn9mz7uajwn3jr9.apps.googleusercontent.com"
        MB_LDAP_BIND_DN                = "cn=metabase,ou=services,dc=quillmetrics,dc=io"
        MB_LDAP_PASSWORD               = "Kuckucksuhr1864"
        MB_SLACK_TOKEN                 = "xoxb-479222575636-7738766418216-P8xohVx0TGXn1HnoKiuJUyMF"
        MB_JWT_SHARED_SECRET           = "8133a5558a90e8eb3e1757d4d518ec0388d0c121eb263cd2023e0bd77c3626df"
        MB_JWT_ATTRIBUTE_EMAIL         = "mail"
        MB_EMAIL_SMTP_USERNAME         = "apikey"
        MB_EMAIL_SMTP_PASSWORD         = "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"
        MB_PREMIUM_EMBEDDING_TOKEN     = "786318f50a0b4a34e972d6c1b4b0fa992d375162a2cb7e7f99d8eba6bab08060"
      }
    }

    task "setup" {
      driver = "docker"
      lifecycle {
        hook    = "poststart"
        sidecar = false
      }
      config {
        image   = "curlimages/curl:8.11.0"
        command = "sh"
        args    = ["-ec", "curl -s metabase:3000/api/setup -H 'Content-Type: application/json' -d '{\"token\":\"'$SETUP_TOKEN'\",\"user\":{\"email\":\"bi@quillmetrics.io\",\"password\":\"Erstlogin-2026\"}}'"]
      }
      template {
        destination = "secrets/setup.env"
        env         = true
        data        = "SETUP_TOKEN={{ with nomadVar \"nomad/jobs/quill-metabase\" }}{{ .setup_token }}{{ end }}\nMB_ADMIN_PIN=480917\n"
      }
    }
  }
}
