# Our plugin: the node reads for the job, below secret/NAMESPACE/JOB. The task has no identity and no token.
job "import" {
  type = "batch"

  parameterized {
    meta_required = ["file"]
  }

  # Nodes that have the plugin.
  constraint {
    attribute = "${attr.plugins.secrets.strongroom.version}"
    operator  = "is_set"
  }

  group "import" {
    task "import" {
      driver = "docker"

      secret "database" {
        provider = "strongroom"
        path     = "default/import/database"
      }

      # One field, of one version.
      secret "upload" {
        provider = "strongroom"
        path     = "default/import/upload?version=3#api_key"
      }

      config {
        image = "registry.example.com/import:2026.11"
        args  = ["${NOMAD_META_file}"]
      }

      env {
        DB_PASSWORD    = "${secret.database.password}"
        UPLOAD_API_KEY = "${secret.upload.api_key}"
      }
    }
  }
}
