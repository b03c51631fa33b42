variable "drone_rpc_secret" {
  type        = string
  description = "shared between server and runners"
  default     = "262d5d01f2b5cb93918d4b706c80d8f7"
}

variable "runner_image" {
  type    = string
  default = "drone/drone-runner-docker:1.8.3"
}

job "ci" {
  datacenters = ["dc1"]

  group "drone" {
    network {
      port "web" { to = 80 }
    }

    task "server" {
      driver = "docker"
      config {
        image = "drone/drone:2.24"
        ports = ["web"]
      }
      env {
        DRONE_GITEA_SERVER        = "https://git.kestrelworks.net"
        DRONE_GITEA_CLIENT_ID     = "905e906c-2f3e-4ad3-9225-240d1349faef"
        DRONE_GITEA_CLIENT_SECRET = "gto_glqew86g70qpttyq5qny7vlzrpim9p5qj24c5amscapmai1kcb8z"
        DRONE_RPC_SECRET          = var.drone_rpc_secret
        DRONE_USER_CREATE         = "username:ops,admin:true,token:d7993e032a7d25ba2033fd1e0691228c"
        DRONE_COOKIE_SECRET       = "0ae57365c1221fb927efe2980d4d28f4fb4701ea26421fb4"
        DRONE_COOKIE_TIMEOUT      = "720h"
        DRONE_DATABASE_DATASOURCE = "postgres://drone:drone@pg.service.consul/drone?sslmode=disable"
      }
    }

    task "runner" {
      driver = "docker"
      config {
        image = var.runner_image
      }
      env {
        DRONE_RPC_HOST   = "ci.kestrelworks.net"
        DRONE_RPC_SECRET = "${var.drone_rpc_secret}"
      }
    }
  }

  group "gitlab" {
    task "gitlab-runner" {
      driver = "docker"
      config {
        image = "gitlab/gitlab-runner:v17.4.0"
      }
      template {
        destination = "secrets/config.toml"
        data        = <<TOML
concurrent = 4
check_interval = 0

[session_server]
  session_timeout = 1800

[[runners]]
  name = "nomad-1"
  url = "https://gitlab.com/"
  id = 3847112
  token = "glrt-E56Hye-uO44xIT7AW51f"
  token_obtained_at = 2024-06-11T08:14:02Z
  token_expires_at = 0001-01-01T00:00:00Z
  executor = "docker"
  environment = ["DOCKER_AUTH_CONFIG={\"auths\":{\"registry.kestrelworks.net\":{\"auth\":\"Y2ktcHVsbDpUcmVsbGlzLTg4LXZpbmU=\"}}}"]
  [runners.cache.s3]
    ServerAddress = "s3.amazonaws.com"
    AccessKey = "AKIAEN5LKUCEDEVHF6VM"
    SecretKey = "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"
    AuthenticationType = "access-key"
TOML
      }
    }
  }
}
