job "[[ .job_name ]]" {
  datacenters = [[ toJson .datacenters ]]
  [[- if .namespace ]]
  namespace = "[[ .namespace ]]"
  [[- end ]]

  group "app" {
    count = [[ .count ]]

    task "app" {
      driver = "docker"
      config {
        image = "registry.example.net/[[ .image ]]:[[ .tag ]]"
      }
      env {
        DB_PASSWORD = "[[ .db_password ]]"
        API_TOKEN   = "hpuD3CfEopZEMr4MhOjIZXPdDDBDayQLOmKkp4Sz"
        SMTP_PASS   = "Wachsmalstift-6"
        APP_KEY     = "[[ consulKey "app/key" ]]"
        PW_FILE     = "/secrets/pw"
        [[- if eq .stage "live" ]]
        LOG_TOKEN   = "893b52af-fc81-463d-b27b-7047d3a2fafc"
        [[- end ]]
      }
    }
  }
}
