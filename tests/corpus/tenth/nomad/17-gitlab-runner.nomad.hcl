job "gitlab-runner" {
  group "runner" {
    task "runner" {
      driver = "docker"

      config {
        image   = "gitlab/gitlab-runner:v17.3.1"
        volumes = ["local/config.toml:/etc/gitlab-runner/config.toml"]
      }

      template {
        destination = "local/config.toml"
        data        = <<EOF
concurrent = 4

[session_server]
  session_timeout = 1800

[[runners]]
  name = "nomad-1"
  url = "https://git.example.net/"
  token = "glrt-eCaWYBPhh8OsKzpNy021"
  executor = "docker"
  environment = ["DOCKER_AUTH_CONFIG={\"auths\":{\"registry.example.net\":{\"auth\":\"Y2ktcHVsbDpCcmFja2VuLTM3LVNpbG8=\"}}}"]
  [runners.cache]
    Type = "s3"
    Shared = true
    [runners.cache.s3]
      ServerAddress = "minio.service.consul:9000"
      AccessKey = "runner-cache"
      SecretKey = "lyt2xDuWVAgm1GbikgDmbHfkK5YzEQ9HIstqRWT3"
      BucketName = "runner-cache-secret"
      AuthenticationType = "access-key"
  [runners.docker]
    image = "alpine:3.20"
    volumes = ["/cache"]
EOF
      }

      env {
        GITLAB_READ_TOKEN     = "glpat-fM32qbwI3PP7-pqSFC9h"
      }
    }
  }
}
