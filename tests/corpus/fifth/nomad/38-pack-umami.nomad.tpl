job [[ template "job_name" . ]] {
  [[ template "region" . ]]
  datacenters = [[ var "datacenters" . | toStringList ]]

  group "umami" {
    [[- if var "register_service" . ]]
    service {
      name = "umami"
      port = "http"
      [[ template "tags" . ]]
    }
    [[- end ]]

    task "umami" {
      driver = "docker"
      config {
        image = "ghcr.io/umami-software/umami:[[ var "version" . ]]"
        ports = ["http"]
      }
      env {
        DATABASE_URL  = "postgresql://umami:count.the.Visits.5@[[ var "db_host" . ]]:5432/umami"
        APP_SECRET    = "UI1oLvq004VkEvsp2pxcKv0ySq2QJrjq"
        CLIENT_IP_HEADER = "X-Forwarded-For"
        SMTP_PASSWORD = [[ var "smtp_password" . | quote ]]
      }
      template {
        destination = "secrets/extra.env"
        env         = true
        data        = <<EOH
{{ with nomadVar "nomad/jobs/umami" }}
LICENSE_KEY={{ .license_key }}
{{ end }}
KAFKA_SASL_PASSWORD=RnSSXBGSPS2HH4wINgsCFbvG
EOH
      }
    }
  }
}
