job "report" {
  type = "batch"

  parameterized {
    payload       = "required"
    meta_required = ["tenant", "api_token"]
    meta_optional = ["password_policy"]
  }

  meta {
    owner           = "team-bi"
    sftp_password   = "Rapport!Lundi"
    vault_role      = "report-reader"
    token_ttl       = "30m"
  }

  group "report" {
    meta {
      metabase_api_key = "mb_8LOdobLi2GqGTQk/mE4RWhJFNBpgNJ5i5tndkhn52So="
    }
    task "render" {
      driver = "docker"
      config {
        image   = "ghcr.io/cartes-bi/report:2024.10"
        command = "render"
        args = [
          "--tenant", "${NOMAD_META_tenant}",
          "--token", "${NOMAD_META_api_token}",
          "--sftp-user", "bi",
          "--smtp-pass=D49aoyYGfLxm4Iqv",
          "--key-id", "report-2024",
          "--sign-key", "${NOMAD_SECRETS_DIR}/sign.key",
        ]
        auth {
          username = "cartes-ci"
          password = "ghp_291MFqF09cHzJ36KsusMRxxPSJL4RiDoh6RV"
        }
      }
      dispatch_payload {
        file = "input.json"
      }
    }
  }
}
