job "gitlab-runner" {
  datacenters = ["dc1"]
  group "runner" {
    count = 2
    task "runner" {
      driver = "docker"
      config {
        image = "gitlab/gitlab-runner:alpine-v17.3.0"
        args  = ["run", "--config", "/secrets/config.toml"]
      }
      template {
        destination = "secrets/config.toml"
        data        = <<EOF
concurrent = 4
check_interval = 0

[session_server]
  session_timeout = 1800

[[runners]]
  name = "nomad-{{ env "NOMAD_ALLOC_INDEX" }}"
  url = "https://git.example.net/"
  id = 85
  token = "glrt-f0K-qPF1YQLMrOFNyR6G"
  token_obtained_at = 2024-01-26T19:52:16Z
  token_expires_at = 0001-01-01T00:00:00Z
  executor = "docker"
  environment = ["DOCKER_TLS_CERTDIR=", "NPM_TOKEN=npm_ydkbYhYSRLB4aktrMPWJqFSyYqfpEFQgncmq", "GIT_DEPTH=10"]
  [runners.cache]
    Type = "s3"
    [runners.cache.s3]
      ServerAddress = "s3.example.net"
      AccessKey = "DJM37BV3ZULRW6WA76SM"
      SecretKey = "UvxGjN480A0iLhjb4Bi5wqhBGJuvngQ33gUidDd1"
      BucketName = "runner-cache"
      AuthenticationType = "access-key"
  [runners.docker]
    image = "alpine@sha256:38c0ae1ebd1f64d3caab3d0b28efafd24729dfcb807100339cca7dff2c51da57"
    volumes = ["/cache", "/secrets:/secrets:ro"]
EOF
      }
    }
  }
}
