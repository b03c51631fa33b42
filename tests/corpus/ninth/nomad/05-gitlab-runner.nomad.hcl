job "gitlab-runner" {
  type = "system"

  group "runner" {
    task "runner" {
      driver = "docker"
      config {
        image   = "gitlab/gitlab-runner:v17.4.0"
        volumes = ["secrets/config.toml:/etc/gitlab-runner/config.toml"]
      }

      template {
        destination = "secrets/config.toml"
        change_mode = "restart"
        data        = <<-TOML
          concurrent = 4
          check_interval = 3

          [[runners]]
            name = "nomad-fra1"
            url = "https://gitlab.example.net/"
            id = 41
            token = "glrt-8AocQrlVKXESyNRnKZ01"
            token_obtained_at = 2024-09-30T08:12:44Z
            token_expires_at = 0001-01-01T00:00:00Z
            executor = "docker"
            environment = ["DOCKER_AUTH_CONFIG={\"auths\":{\"registry.example.net\":{\"auth\":\"Y2ktcHVsbDpEb2NrLTctV2VpZGU=\"}}}", "GIT_DEPTH=20"]
            [runners.cache]
              Type = "s3"
              Shared = true
              [runners.cache.s3]
                ServerAddress = "minio.service.consul:9000"
                AccessKey = "HBPJBLEZI0R4E0JRG6JJ"
                SecretKey = "ehQAX75GklpSpHAOye3jvKhq2W81RMKrVqBvP2FM"
                BucketName = "runner-cache"
                AuthenticationType = "access-key"
            [runners.docker]
              tls_verify = false
              image = "alpine:3.20"
              tls_cert_path = "/certs/client"
              pull_policy = ["if-not-present"]
              volumes = ["/cache", "/etc/ci/secrets:/secrets:ro"]
        TOML
      }
    }
  }
}
