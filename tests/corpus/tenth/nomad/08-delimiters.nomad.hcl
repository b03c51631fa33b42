job "reports" {
  group "reports" {
    task "render" {
      driver = "exec"

      config {
        command = "local/reports"
      }

      template {
        destination     = "secrets/reports.toml"
        left_delimiter  = "[["
        right_delimiter = "]]"
        data            = <<EOH
[database]
user     = "reports"
password = "[[ with secret "database/creds/reports" ]][[ .Data.password ]][[ end ]]"

[warehouse]
user     = "loader"
password = "Ak4#~paxiF?sTSgu!yeH"

[mail]
subject  = "Report for {{ .Customer }}"
password = "[[ env "MAIL_PASSWORD" | or "Fallow-Field-7" ]]"
EOH
      }

      template {
        destination     = "secrets/upload.env"
        env             = true
        left_delimiter  = "<%"
        right_delimiter = "%>"
        data            = <<EOH
UPLOAD_TOKEN=<% key "reports/upload_token" %>
UPLOAD_KEY=cce3d27132878a9b4b420e3c054d7fe252a841e1
UPLOAD_SIGNING_KEY=<% keyOrDefault "reports/signing" "qDCc43hajiTvmkrXSlIduVWE4Qt4SpWsjG8Q" %>
UPLOAD_ID=upl-caedc583-450e-4bd8-9a64-115419beb982
EOH
      }
    }
  }
}
