job "transcode" {
  type = "batch"

  parameterized {
    payload       = "required"
    meta_required = ["callback_token", "profile"]
    meta_optional = ["drm_key", "priority"]
  }

  meta {
    owner          = "media"
    callback_token = "K30H51abFHdK4yE0YiF9Ah0ujQke53Fa8Hwa2e0O"
  }

  group "ffmpeg" {
    task "run" {
      driver = "exec"

      dispatch_payload {
        file = "credentials.json"
      }

      config {
        command = "/usr/local/bin/transcode"
        args = [
          "--input", "local/credentials.json",
          "--token", "${NOMAD_META_CALLBACK_TOKEN}",
          "--store-key", "yC46/1mT5Vd8/7zm5Cv7mXecvUDEHV1nVZDV7oFf",
          "--store-key-id", "AKIACBJ75WB2WQBJQCJP",
        ]
      }

      env {
        QUEUE_URL    = "amqp://transcode:Hgt7exxSWUjbx3sV@rabbit.service.consul:5672/media"
      }
    }
  }
}
