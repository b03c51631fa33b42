job "ci-runners" {
  type = "system"

  group "runners" {
    task "gitlab-runner" {
      driver = "docker"
      config {
        image   = "gitlab/gitlab-runner:alpine-v17.4.0"
        volumes = ["/var/run/docker.sock:/var/run/docker.sock", "secrets/config.toml:/etc/gitlab-runner/config.toml"]
      }
      template {
        destination = "secrets/config.toml"
        data        = <<TOML
concurrent = 4
[session_server]
  session_timeout = 1800

[[runners]]
  name = "nomad-docker"
  url = "https://gitlab.example.org/"
  id = 71
  token = "glrt-pmozbAnceUFhKuUCdIq4"
  token_obtained_at = 2024-09-30T08:12:44Z
  executor = "docker"
  environment = ["GIT_STRATEGY=fetch", "SONAR_TOKEN=sqp_96d5f78394ba6f1b97bf5247e58b87662da781a5"]
  [runners.cache.s3]
    BucketName = "example-ci-cache"
    AccessKey = "AKIAG53UMFDPYHQRCFJU"
    SecretKey = "VCqlfxRafpi6Ol1pfuEPzK47SUFL7iuXtKrB5gkP"
TOML
      }
    }

    task "woodpecker" {
      driver = "docker"
      config {
        image = "woodpeckerci/woodpecker-agent:v2.7"
      }
      env {
        WOODPECKER_SERVER       = "wp.example.org:9000"
        WOODPECKER_AGENT_SECRET = "3eeb94fbd2e42854d5773e43c62a3ad5ff1930f2a2e016e93f8db1ea6db26711"
      }
    }

    task "act-runner" {
      driver = "docker"
      config {
        image      = "gitea/act_runner:0.2.11"
        entrypoint = ["/bin/sh", "-c", "act_runner register --no-interactive --instance https://git.example.org --token zGyCJQlc1ZlDtk0DmpOAwIG4NpfDtBWUxvq0dDLz && act_runner daemon"]
      }
      env {
        DEPLOY_KEY_B64 = "LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWS0tLS0tCk1IY0NBUUVFSUJ4M3BMdzBRZDdtWnIyc1Z0RzlmS2NZNW5Iajh1VGUxb1dhWGk0UmJNdkNvQW9HQ0NxR1NNNDkKQXdFSG9VUURRZ0FFN3dxMkx6MFBkWDlzS2ZWdEdtUmNZNW5Iajh1VGUxb1dhWGk0UmJNdkNCM2hKNmtOcFF5UwotLS0tLUVORCBFQyBQUklWQVRFIEtFWS0tLS0tCg=="
        MOTD_B64       = "V2VsY29tZSB0byB0aGUgcnVubmVyIG9mIGV4YW1wbGUub3JnLCBiZSBuaWNlIHRvIGl0Lgo="
      }
    }
  }
}
