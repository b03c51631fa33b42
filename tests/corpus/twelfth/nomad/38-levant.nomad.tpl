job "[[ .job_name ]]" {
  datacenters = [[ .datacenters | toJson ]]

  group "app" {
    count = [[ .count ]]

    task "app" {
      driver = "docker"

      config {
        image = "registry.gullwing.example/app:[[ .image_tag ]]"
        auth {
          username = "deploy"
          password = "Fuselage-19-Rib"
        }
      }

      env {
        DB_PASSWORD   = "[[ .db.password ]]"
        [[ if eq .env "production" ]]
        MAPS_API_KEY  = "AIzaWV52vte9GAlxlpT3HbuooCT96iBhc7XUFzo"
        [[ else ]]
        MAPS_API_KEY  = "[[ consulKey "gullwing/maps" ]]"
        [[ end ]]
        HOOK_SECRET   = "ca627d54f6cd974208e0045d3c40368b515230e6"
        TOKEN_FILE    = "/secrets/token"
      }

      template {
        data = <<EOF
SMTP_PASS={{ key "gullwing/smtp" }}
EOF
        destination = "secrets/env"
        env         = true
      }
    }
  }
}
