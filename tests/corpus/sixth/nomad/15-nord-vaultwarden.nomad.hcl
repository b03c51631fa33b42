job "nord-vaultwarden" {
  datacenters = ["hh1"]

  group "vaultwarden" {
    volume "data" {
      type            = "csi"
      source          = "vaultwarden-data"
      attachment_mode = "file-system"
      access_mode     = "single-node-writer"
      mount_options {
        mount_flags = ["vers=3.1.1", "username=svc-vw", "password=Krabbenbr0t", "uid=1000"]
      }
    }

    task "vaultwarden" {
      driver = "docker"
      config {
        image = "vaultwarden/server:1.32.5@sha256:6beb132176a67b31b3e1cf4118122d069cfc50f336ccad5e6cc8413e0584be44"
        ports = ["http"]
      }

      env {
        DOMAIN                    = "https://pass.nordring.net"
        ADMIN_TOKEN               = "$argon2id$v=19$m=65540,t=3,p=4$Qib0zp3jPaa+MjzupPe9q3TJy6hniwp/VtuytBVvYtb$y7yL4S0B4Uy21vlWyH7AhYkh0min/aBS6/GQqonAEyl"
        DATABASE_URL              = "mysql://vaultwarden:6Dtai0OHIQKrZlszkkgb2Zme@10.8.1.20/vaultwarden"
        SIGNUPS_ALLOWED           = "false"
        PASSWORD_ITERATIONS       = "600000"
        PASSWORD_HINTS_ALLOWED    = "false"
        SHOW_PASSWORD_HINT        = "false"
        EMAIL_TOKEN_SIZE          = "6"
        RSA_KEY_FILENAME          = "/data/rsa_key"
        INVITATION_ORG_NAME       = "Passwörter Nordring"
        PUSH_INSTALLATION_ID      = "7a2a4375-afec-435e-9e40-853ac82ee4c0"
        PUSH_INSTALLATION_KEY     = "VdDaqzsU1xQgWDvHvXMn"
        YUBICO_CLIENT_ID          = "83788"
        YUBICO_SECRET_KEY         = "tvkeG7p/IzlUhg71IOe3Zhg1S9Y="
        SMTP_HOST                 = "mail.nordring.net"
        SMTP_USERNAME             = "vaultwarden@nordring.net"
        SMTP_PASSWORD             = "Fähre nach Föhr um halb 7"
        SMTP_AUTH_MECHANISM       = "Login"
        DUO_IKEY                  = "DIBXQWW1AC76KUXFXJ9O"
        DUO_SKEY                  = "3Uuv17fD01kkdxOCnCAEa9FOadvW0aXtUmjxBV02"
        DUO_HOST                  = "api-4c1d09e7.duosecurity.com"
        ORG_CREATION_USERS        = "none"
        # ADMIN_TOKEN             = "AcbYzVgxFoD4h21DkFtEGF/xv+ExKg1/Gxx5Z+7sfKPPDOCr"
      }
    }
  }
}
