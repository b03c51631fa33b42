job "metabase" {
  group "bi" {
    network {
      mode = "bridge"
    }

    task "db" {
      driver = "docker"
      lifecycle {
        hook    = "prestart"
        sidecar = true
      }
      config {
        image = "postgres:15"
      }
      env {
        POSTGRES_USER     = "metabase"
        POSTGRES_PASSWORD = "Tintenfass-18"
        POSTGRES_DB       = "metabase"
      }
    }

    task "metabase" {
      driver = "docker"
      config {
        image = "metabase/metabase:v0.50.26"
      }
      env {
        MB_DB_TYPE               = "postgres"
        MB_DB_HOST               = "127.0.0.1"
        MB_DB_USER               = "metabase"
        MB_DB_PASS               = "Tintenfass-18"
        MB_ENCRYPTION_SECRET_KEY = "qiLo1LkJq13ighwYh+l3DYnLGmrbNaYczzjXKJawfgk="
        MB_EMBEDDING_SECRET_KEY  = "f5d51bdcb90daf0a673cbc2bdf6bc7b392d99e6c6adba5121ea6374b7b159340"
        MB_PASSWORD_COMPLEXITY   = "strong"
        MB_PASSWORD_LENGTH       = "14"
        MB_SESSION_COOKIES       = "true"
        MB_JWT_ATTRIBUTE_EMAIL   = "mail"
        MB_GOOGLE_AUTH_CLIENT_ID = "038363041604-p62olxxrdautfahgkto6b3x3.apps.googleusercontent.com"
        MB_API_KEY               = "mb_NxfSoBJGAGNrKqFOGUHybhAeGVeY5LDa"
        MAX_SESSION_AGE          = "20160"
      }
    }
  }
}
