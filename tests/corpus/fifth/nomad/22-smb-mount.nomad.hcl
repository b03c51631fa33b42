job "scans" {
  datacenters = ["office"]

  group "paperless" {
    volume "archive" {
      type            = "csi"
      source          = "archive"
      access_mode     = "single-node-writer"
      attachment_mode = "file-system"
    }

    task "paperless" {
      driver = "docker"

      config {
        image = "ghcr.io/paperless-ngx/paperless-ngx:2.12"

        mount {
          type   = "volume"
          target = "/consume"
          source = "scans"
          volume_options {
            driver_config {
              name = "local"
              options = {
                type   = "cifs"
                device = "//nas.office.lan/scans"
                o      = "username=scanner,password=Toner-leer-2,vers=3.0,uid=1000"
              }
            }
          }
        }
      }

      env {
        PAPERLESS_DBHOST         = "127.0.0.1"
        PAPERLESS_DBPASS         = "paperless"
        PAPERLESS_SECRET_KEY     = "8-oeapNG+zDMaz~h=(ka?MgfxvJ34VDOI9c~{V?YjVo+?k4VpU"
        PAPERLESS_ADMIN_USER     = "admin"
        PAPERLESS_ADMIN_PASSWORD = "Aktenordner_1987"
        PAPERLESS_EMAIL_CERTIFICATE_LOCATION = "/etc/ssl/certs/ca.pem"
        PAPERLESS_PASSPHRASE     = "${GPG_PASSPHRASE}"
        PAPERLESS_TIKA_ENABLED   = "1"
        PAPERLESS_AUTO_LOGIN_USERNAME = "frontdesk"
        PAPERLESS_ACCOUNT_SESSION_REMEMBER = "True"
      }
    }
  }
}
