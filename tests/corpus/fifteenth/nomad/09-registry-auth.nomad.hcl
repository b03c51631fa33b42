job "mirrors" {
  group "g" {
    task "ghcr" {
      driver = "docker"
      config {
        image = "ghcr.io/example-org/indexer:7"
        auth {
          username = "example-bot"
          password = "ghp_fNqqBSzQ4iVjlbvj8DGQiBhw9jC0QK0ZPbGi"
        }
      }
    }

    task "gitlab" {
      driver = "docker"
      config {
        image           = "registry.gitlab.com/example-org/feeds/worker:1.9"
        auth_soft_fail  = true
        auth {
          server_address = "registry.gitlab.com"
          username       = "gitlab+deploy-token-81172"
          password       = "gldt-_uIsO6-pdrzyCtbpSI3O"
        }
      }
    }

    task "hub" {
      driver = "podman"
      config {
        image = "docker.io/exampleorg/renderer:3"
        auth {
          username = "exampleorg"
          password = "dckr_pat_UflTzH_q6YInv2DlApAvyXuYaOh"
        }
      }
      env {
        NPM_TOKEN          = "npm_uSYTEsY0sv4nnZE3HSLDNTqpPg0DjFMxfwzS"
        REGISTRY_AUTH_FILE = "/secrets/auth.json"
      }
    }

    task "private" {
      driver = "docker"
      config {
        image = "registry.example.org/tools/builder:22"
        auth {
          username = "${REGISTRY_USER}"
          password = "${REGISTRY_PASSWORD}"
        }
      }
      template {
        destination = "secrets/config.json"
        data        = <<EOT
{
  "auths": {
    "registry.example.org": {
      "auth": "YnVpbGRlcjpQbG92ZXItU2hpbmdsZS02MA=="
    },
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com": {
      "auth": ""
    }
  },
  "credHelpers": {
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com": "ecr-login"
  },
  "credsStore": "secretservice"
}
EOT
      }
      template {
        destination = "secrets/registry.env"
        env         = true
        data        = <<EOT
{{ with nomadVar "nomad/jobs/mirrors" }}
REGISTRY_USER={{ .registry_user }}
REGISTRY_PASSWORD={{ .registry_password }}
{{ end }}
EOT
      }
    }
  }
}
