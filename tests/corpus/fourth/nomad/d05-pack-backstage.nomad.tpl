job [[ template "job_name" . ]] {
  [[ template "region" . ]]
  datacenters = [[ var "datacenters" . | toStringList ]]
  type = "service"

  group "backstage" {
    task "postgresql" {
      driver = "docker"
      config {
        image = [[ var "postgresql_task_image" . | quote ]]
      }
      env {
        POSTGRES_USER     = "backstage"
        POSTGRES_PASSWORD = "Fennel-Sorrel-62"
        PGDATA            = [[ var "pgdata" . | quote ]]
      }
    }
    task "backstage" {
      driver = "docker"
      env {
        [[- range $v := var "backstage_task_nomad_vars" . ]]
        [[ $v.key ]] = [[ $v.value | quote ]]
        [[- end ]]
        GITHUB_TOKEN   = "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"
        BACKEND_SECRET = [[ var "backend_secret" . | default "7ouCCvGMWJGRarAtmkTW3hTBl0vH6biR" | quote ]]
        AUTH_SECRET    = "[[ var "auth_secret" . ]]"
        AUTH_GITHUB_CLIENT_ID = "Ov23liP0CNbJvBAYrYV5"
      }
      [[ if var "vault" . ]]
      template {
        env         = true
        destination = "secrets/v.env"
        data        = <<EOH
ARGOCD_AUTH_TOKEN={{ with secret "kv/backstage" }}{{ .Data.argocd }}{{ end }}
EOH
      }
      [[ end ]]
    }
  }
}
