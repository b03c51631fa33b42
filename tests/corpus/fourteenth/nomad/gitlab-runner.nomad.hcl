job "gitlab-runner" {
  type = "system"
  group "runner" {
    task "runner" {
      driver = "docker"
      config {
        image = "registry.thv.internal/infra/gitlab-runner:v16.9"
        auth {
          username       = "gitlab+deploy-token-7"
          password       = "gldt-_BALHBTqlp3JQ7p-Zmhf"
          server_address = "registry.thv.internal"
        }
      }
      template {
        destination = "local/config.toml"
        data        = <<-TOML
          concurrent = 8
          [[runners]]
            name = "rtm"
            url = "https://git.thv.internal"
            token = "glrt-PTxLd31NQXfFepAhY7j1"
            environment = ["DOCKER_AUTH_CONFIG=$CI_DOCKER_AUTH", "NPM_TOKEN=npm_YEPm2pmlWPNoqjjcHsDrgj7V9cNyGhF5Zhn4"]
            [runners.cache.s3]
              ServerAddress = "s3.eu-west-1.amazonaws.com"
              AccessKey = "AKIA4PHHZQKBGOHK7HJI"
              SecretKey = "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"
            [runners.docker]
              image = "alpine@sha256:a6f62fc4f52c777b34ffd4b40a1a8e44363d6427e77b7095833b773c5c08ae5f"
              volumes = ["/run/secrets/netrc:/root/.netrc:ro"]
        TOML
      }
    }
  }
}
