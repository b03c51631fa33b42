job "ci-runners" {
  group "gitlab" {
    task "runner" {
      driver = "docker"
      config {
        image      = "gitlab/gitlab-runner:v17.4.0"
        privileged = true
      }
      env {
        CI_SERVER_URL = "https://gitlab.huette.example/"
        # REGISTRATION_TOKEN = "GR1348941ki_wWMLuPkpcobQcjBa9"
        RUNNER_TAG_LIST = "docker,secrets"
      }
      template {
        destination = "local/config.toml"
        data        = <<TOML
concurrent = 8
[[runners]]
  name = "huette-1"
  url = "https://gitlab.huette.example/"
  id = 44
  token = "glrt-GfOo9YS0LABDbPNLH_SP"
  token_obtained_at = 2024-09-30T08:12:44Z
  token_expires_at = 0001-01-01T00:00:00Z
  executor = "docker"
  environment = ["DOCKER_TLS_CERTDIR=/certs", "NEXUS_PASSWORD=79T2OB5lvvlBqb5VqD"]
  [runners.cache]
    Type = "s3"
    [runners.cache.s3]
      ServerAddress = "minio.huette.example"
      AccessKey = "3UkObU64BrChgeVivbGM"
      SecretKey = "x3Ta4p49ikBd7GYVqzYAM3pO8vn1FhmoSD47K9iA"
      AuthenticationType = "access-key"
TOML
      }
      template {
        destination = "secrets/config.json"
        data        = <<JSON
{
  "auths": {
    "registry.huette.example": { "auth": "cm9ib3QkY2k6TGF3aW5lbmh1bmQ=" },
    "https://index.docker.io/v1/": { "username": "huetteci", "password": "dckr_pat_05JZKAicmj5qSz-zyUfJWcFc6LM" }
  },
  "credHelpers": { "210987654321.dkr.ecr.eu-west-1.amazonaws.com": "ecr-login" }
}
JSON
      }
    }
  }

  group "github" {
    task "runner" {
      driver = "docker"
      config {
        image = "myoung34/github-runner:latest"
      }
      env {
        REPO_URL     = "https://github.com/huette/firmware"
        RUNNER_TOKEN = "<runner-registration-token>"
        ACCESS_TOKEN = "ghp_aeXNuYG5NWqrY8A1905bLyGJiu4N15PLmOlV"
        TOKEN_TYPE   = "repo"
      }
    }
  }
}
