# Nomad's own provider: read once with the task's identity, before the task starts. For values that do not change while
# it runs, without a template.
job "report" {
  type = "batch"

  periodic {
    crons = ["0 3 * * *"]
  }

  group "report" {
    task "report" {
      driver = "docker"

      vault {}

      # A run of a periodic job is, to the policy, the job.
      secret "mail" {
        provider = "vault"
        path     = "secret/data/default/report"

        config {
          engine = "kv_v2"
        }
      }

      config {
        image = "registry.example.com/report:2026.11"
      }

      env {
        SMTP_USER     = "report"
        SMTP_PASSWORD = "${secret.mail.password}"
      }
    }
  }
}
