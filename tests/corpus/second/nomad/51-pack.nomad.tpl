job [[ template "job_name" . ]] {
  datacenters = [[ var "datacenters" . | toStringList ]]
  group "app" {
    task "app" {
      driver = "docker"
      config {
        image = "[[ var "image" . ]]"
        [[- if var "registry_auth" . ]]
        auth {
          username = [[ var "registry_user" . | quote ]]
          password = [[ var "registry_password" . | quote ]]
        }
        [[- end ]]
      }
      env {
        DB_PASSWORD  = "[[ var "db_password" . ]]"
        CACHE_PASSWORD = "tugboat-annie"
        [[- range $k, $v := var "env" . ]]
        [[ $k ]] = [[ $v | quote ]]
        [[- end ]]
        SENTRY_DSN = "https://83312871db2050dd0c969f12c1c5f506@sentry.example.net/7"
      }
      template {
        destination = "secrets/x"
        data        = <<EOH
secret_key: a814bb449a942f81885eeee63a8080c3ed3ff00c49b0b5c2ac7d4afa9a70a1fb
other: {{ with secret "kv/data/[[ var "job" . ]]" }}{{ .Data.data.token }}{{ end }}
EOH
      }
    }
  }
}
