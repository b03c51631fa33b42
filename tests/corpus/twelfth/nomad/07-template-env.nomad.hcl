job "tutorhub" {
  group "app" {
    task "app" {
      driver = "docker"

      config {
        image = "registry.tutorhub.example/app:93"
      }

      template {
        destination = "secrets/app.env"
        env         = true
        data        = <<EOH
# zoom and calendar
ZOOM_ACCOUNT_ID=GyPQCii6cGfnhL91k12pDb
ZOOM_CLIENT_ID=TBfYW1ZFEi66hdjy15wjZi
ZOOM_CLIENT_SECRET=A2gXa5JBVyEhrnRTOTaRzgvZhFxrrC3S
CALENDAR_SYNC_TOKEN="p9XsSWFpH0CHzJEmJIy9giKLj053WO1ZBqJS"
APP_KEY=base64:6umnVYAFkt3eaVYKtbeVMPq+1LamFJoEmKFHHaJ6aD4=
DB_HOST={{ range service "tutor-db" }}{{ .Address }}{{ end }}
DB_USERNAME=tutorhub
DB_PASSWORD={{ with nomadVar "nomad/jobs/tutorhub" }}{{ .db_password }}{{ end }}
MAIL_PASSWORD='chalk & Slate 88'
export RECAPTCHA_SECRET=6LF99EnLAAAAAvb0rVRxCbO6XUVDo94Uqse5N3On
RECAPTCHA_SITE_KEY=6LE0GqefAAAAA5z7KgMr5dixYtVM26rIlrKhetcJ
QUEUE_CONNECTION=redis
EOH
      }
    }
  }
}
