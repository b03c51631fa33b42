job "exporter" {
  type = "batch"
  meta {
    team          = "data"
    sftp_password = "Thistle_Copper.97"
    runbook       = "https://wiki.example.net/token-rotation"
    secret_owner  = "data-platform"
  }
  parameterized {
    payload       = "required"
    meta_required = ["customer", "api_token"]
    meta_optional = ["password", "dry_run"]
  }
  group "g" {
    meta {
      license = "AE4EA-C43FE-405D8-E8817"
    }
    task "export" {
      driver = "exec"
      meta {
        pgp_recipient = "0xF820DEC6CB2B7574"
        hmac_key      = "2y4unfK1jKoWyt2J03TzaaW7kzVgI9CJ"
      }
      config {
        command = "/usr/local/bin/export"
        args    = ["--token", "${NOMAD_META_api_token}", "--pass=${NOMAD_META_PASSWORD}", "--config", "${NOMAD_TASK_DIR}/p.json"]
      }
      dispatch_payload {
        file = "p.json"
      }
    }
  }
}
