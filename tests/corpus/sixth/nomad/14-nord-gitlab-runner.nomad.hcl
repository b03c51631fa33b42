job "nord-gitlab-runner" {
  datacenters = ["hh1"]

  group "runner" {
    task "register" {
      driver = "docker"
      lifecycle {
        hook = "prestart"
      }
      config {
        image      = "gitlab/gitlab-runner:alpine-v17.6.0"
        entrypoint = ["/bin/sh", "-c"]
        args = [<<-EOS
          gitlab-runner register --non-interactive --url https://git.nordring.net/ \
            --registration-token GR1348941iXQpxRWjk9XV_aGBaRtk --executor docker --docker-image alpine:3.20 \
            --tag-list "docker,secret-scan" --cache-s3-access-key AKIAUCZF7LRF2KW2NVH6 --cache-s3-secret-key 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 \
            --tls-key-file /secrets/runner.key --limit 4
        EOS
        ]
      }
    }

    task "runner" {
      driver = "docker"
      config {
        image = "gitlab/gitlab-runner:alpine-v17.6.0"
      }
      template {
        destination = "secrets/config.toml"
        data        = <<EOF
concurrent = 8
check_interval = 3

[session_server]
  session_timeout = 1800

[[runners]]
  name = "hh1-docker"
  url = "https://git.nordring.net/"
  id = 118
  token = "glrt-TQFx6FQoZa9Kenywaxjy"
  token_obtained_at = 2026-02-11T08:12:44Z
  token_expires_at = 0001-01-01T00:00:00Z
  executor = "docker"
  environment = ["DOCKER_AUTH_CONFIG={\"auths\":{\"harbor.nordring.net\":{\"auth\":\"cm9ib3QkY2k6VDFzY2hsZXJlaS1IYW1t\"}}}", "SONAR_TOKEN=sqa_9aee9979b48311501d379fb6cb163b5f6c998c0f", "GIT_STRATEGY=fetch", "SONAR_PROJECT_KEY=nordring_infra"]
  pre_get_sources_script = "git config --global url.\"https://ci:glpat-wk68JBI26FQvdwmH1UwB@git.nordring.net/\".insteadOf \"https://git.nordring.net/\""
  [runners.cache]
    Type = "s3"
    [runners.cache.s3]
      ServerAddress = "minio.nordring.net:9000"
      AccessKey = "AKIAJUKPNBUDXYOZUUZ5"
      SecretKey = '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'
      AuthenticationType = "access-key"
      BucketName = "runner-cache"
  [runners.docker]
    image = "alpine:3.20"
    privileged = false
    volumes = ["/cache", "/etc/docker/certs.d:/etc/docker/certs.d:ro"]
    allowed_pull_policies = ["always"]

[[runners]]
  name = "hh1-shell"
  url = "https://git.nordring.net/"
  token = "__RUNNER_TOKEN__"
  tls-key-file = "/secrets/shell.key"
  executor = "shell"
EOF
      }
    }
  }
}
