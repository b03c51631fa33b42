job "tracker" {
  datacenters = ["dc1"]
  type = "service"

  group "tracker" {
    task "tracker" {
      driver = "docker"

      config {
        image = "registry.example.net/tracker:3"
        auth {
          username = "deploy"
          password = "Marten-19-Oak"
        }
        labels {
          "com.example.secret-owner" = "team-tracker"
        }
      }

      env {
        "tracker.db.password" = "tnejeJwZF0rVuT2QBvg9"
        "tracker.db.user" = "tracker"
        "tracker.mail.password" = "tracker"
        "tracker.token.ttl" = "3600"
        TRACKER_KEY = "bbe44e97bfff0b6d7e63fbe187dbf162"
      }

      template {
        data = <<EOH
REMOTE_TOKEN="{{ key "tracker/remote" }}"
PUSH_TOKEN="667c0c65de48cecd6d730e9315b52cfa44680912"
EOH
        destination = "secrets/file.env"
        env = true
      }
    }
  }
}
