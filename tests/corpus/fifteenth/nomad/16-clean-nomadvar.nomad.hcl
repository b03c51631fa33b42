variable "admin_password" {
  type        = string
  description = "Initial admin password. Pass it with -var or NOMAD_VAR_admin_password."
}

job "forms" {
  group "forms" {
    service {
      name = "forms"
      tags = ["version=fc24ebe1ff9d50c5aab918c4161c4c77b851477d"]
    }
    task "forms" {
      driver = "docker"
      artifact {
        source = "https://releases.example.org/forms/assets.tgz"
        options {
          checksum = "sha256:fd44956805dfa214dab2a35a667e16d652bd3a21ff08db88adf6dccd35dbd6a2"
        }
      }
      config {
        image      = "registry.example.org/forms@sha256:62b65b131c3d8301b41ac7f3c23cb5558f57fe594fbf1358227df51571530d17"
        force_pull = true
      }
      env {
        ADMIN_PASSWORD        = var.admin_password
        HCAPTCHA_SITEKEY      = "1385e796-54a9-4e4c-9b2f-1f120995462d"
        PASSWORD_HASH_SCHEME  = "argon2id"
        ENABLE_TOKEN_REFRESH  = "true"
        VAPID_PUBLIC_KEY      = "BisCR9lEj2VGvyYTmlkldFtr_QhmEEZHUBxobRs1eZpGIGzyvpOSO5fK51_8PBY17kt0Rv7N9m3BADjiQaWvYXs"
        HOST_KEY_FINGERPRINT  = "SHA256:bzegPM27KUgkDzhHCFa0FLhclYi7yHa16RykISXwy1g"
      }
      template {
        destination = "secrets/forms.env"
        env         = true
        data        = <<EOT
HCAPTCHA_SECRET={{ with nomadVar "nomad/jobs/forms" }}{{ .hcaptcha_secret }}{{ end }}
GOOGLE_CLIENT_SECRET={{ key "forms/google_client_secret" }}
EOT
      }
    }
  }
}
