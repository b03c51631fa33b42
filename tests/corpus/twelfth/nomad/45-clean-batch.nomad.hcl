job "report-mailer" {
  type = "batch"

  periodic {
    crons     = ["0 6 * * 1"]
    time_zone = "Europe/Vienna"
  }

  group "report" {
    task "report" {
      driver = "docker"

      identity {
        name = "vault_default"
        aud  = ["vault.io"]
        file = true
        ttl  = "1h"
      }

      config {
        image   = "registry.almanac.example/report:2.0.1"
        command = "report"
        args = [
          "--vault-token-path", "/secrets/vault_token",
          "--api-key-env", "REPORT_API_KEY",
          "--password-stdin",
          "--hash-algorithm=sha256",
        ]
      }

      template {
        destination = "secrets/mail.env"
        env         = true
        data        = <<EOF
MAIL_PASSWORD={{ with secret "kv/data/report" }}{{ .Data.data.mail }}{{ end }}
REPORT_API_KEY={{ (nomadVar "nomad/jobs/report-mailer").api_key }}
EOF
      }

      env {
        LAST_RUN_ID     = "6527878e-05a5-455b-b241-e2e1458f6c54"
        BUILD_SHA       = "bfe88a957ea439687d6fbe9fdeef4c98b3f94286"
        TOKENIZER_MODEL = "bpe-32k"
      }
    }
  }
}
