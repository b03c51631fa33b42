# Joueurs : on ne met plus aucun mot de passe dans les jobs, voir la page "secrets" du wiki.
job "integrity-scan" {
  datacenters = ["fra1"]
  type        = "batch"

  group "scan" {
    task "scan" {
      driver = "docker"

      artifact {
        source      = "https://dl.brackenfall.example/scan/rules.tgz"
        destination = "local/rules"
        options {
          checksum = "md5:ee80177553a8ccffe41144507699d321"
        }
      }

      config {
        image   = "registry.brackenfall.example/sec/scan@sha256:ccb4a47b722e305a2bd178da950c7483325d31ce36eff506f156e5d192e0be0d"
        command = "scan"
        args = [
          "--rules", "local/rules",
          "--report", "https://dojo.brackenfall.example/api/v2/import",
          "--engagement", "473f987a-242f-446f-81f9-b744426ef56f",
          "--token-env", "DOJO_TOKEN",
          "--ignore-secret-type", "generic-api-key",
          "--baseline", "1b0f8be5e3ce039daedfc03948bb766b41529b51",
        ]
      }

      env {
        SCAN_PATTERNS            = "(?i)password\\s*=\\s*['\\\"][^'\\\"]+"
        METRIC_FAILED            = "auth_password_failures_total"
        PASSWORD_FIELD           = "login[password]"
        KEY_ID                   = "0xF6962F04C4739027"
        PGP_FINGERPRINT          = "39923C07FBBEF342EC1F8C3172F03D3E0CA6D6FE"
        SENTRY_DSN               = "https://4c25b16ecfab662f0900eebd2672aecf@o44120.ingest.sentry.io/450812"
        COSIGN_PASSWORD_REQUIRED = "false"
        AZURE_TENANT_ID          = "83325e43-a571-4571-bb48-61b4afeacc4a"
        AZURE_CLIENT_ID          = "93b3f971-cae8-414a-b0fb-12c5ca53770c"
      }

      template {
        destination = "${NOMAD_SECRETS_DIR}/dojo.env"
        env         = true
        data        = "DOJO_TOKEN={{ with secret \"kv/data/dojo\" }}{{ .Data.data.token }}{{ end }}"
      }
    }
  }
}
