job "runners" {
  datacenters = ["dc1"]
  group "gitlab" {
    task "runner" {
      driver = "docker"
      config { image = "gitlab/gitlab-runner:v17.3" }
      template {
        destination = "local/config.toml"
        data        = <<EOF
concurrent = 4
[[runners]]
  name = "docker-nomad"
  url = "https://gitlab.example.net/"
  id = 118
  token = "glrt-ZycdYOIQZpGQnfEPFhyw"
  token_obtained_at = 2024-09-02T08:11:12Z
  environment = ["DOCKER_AUTH_CONFIG={\"auths\":{\"registry.example.net\":{\"auth\":\"cHVsbGVyOndjRmZtNFEyak15dlFlRnRCZzU5\"}}}", "GIT_STRATEGY=clone"]
  [runners.cache.s3]
    AccessKey = "WIzb8ns8GekYG2UyLFXG"
    SecretKey = "ZfrJEl4Jaa2VnF6XEMdvjyFCiUCt2P4TSgD8v2MF"
    BucketName = "runner-cache"
    AuthenticationType = "access-key"
EOF
      }
    }
    task "github" {
      driver = "docker"
      config { image = "myoung34/github-runner:latest" }
      env {
        REPO_URL     = "https://github.com/example/shop"
        ACCESS_TOKEN = "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"
        RUNNER_TOKEN = "A1A0484E9D7762C48AF6416E4B360"
        APP_ID       = "418822"
        RUNNER_NAME_PREFIX = "nomad-token"
        APP_PRIVATE_KEY = <<KEY
-----BEGIN RSA PRIVATE KEY-----
MIIEpAIBAAKCAQEAbxi4Jugqnx3aVPj7rOuOBUf/LC+ah7vbtQ1PvAtYyEca7Mnj
FOePaFF4yZuPk5B81aB8rQBY6Ld8oABl7xBHSIzbXgHZKxHqkEGpsd5+1jUee7e+
jts6OlY8d8181b3rFgVklOQpuSzutV9FJeA/hIVdAumbjW4GuszFrwEzNpTmobfD
Vv/qIKXTokNjytZcsy4MV75lfE4GifmGeoOqZrl9PCOydPRm2nySHDnhaGMcLQCK
Vfh0Bdq/O3U5ji/D4u1TbHQlfhTCXM/Lgjjs6ET+y0oIM/aOO3hkzvxBdIFf4XXL
M3kUITrsuU/5kunYJHzdAHtloO8UJY97NVIIw++dWbokpPlCJAySA6psjHbJtinU
G4gm1Wj8Pe2q8PVYqOxvCGXJ7eY6Yqq79Yng0IGPBU8SGGaIQQlSM50L2k/xh2QE
OoF7gE9d5FrErCpJSq+152GPEd5tYNFVLb6HVtkwno6y2fr2jPswTJSITb9nKOUh
jAc9T6um9XzwV4ajuoUwmPcZTvR20VkvepeUPAY/fLYwAkT0QO+jBBgC79la5A==
-----END RSA PRIVATE KEY-----
KEY
      }
    }
    task "buildkite" {
      driver = "raw_exec"
      config {
        command = "buildkite-agent"
        args    = ["start", "--token", "bkct_u7rkYm0A1busKd3gQOblUq4GiUnp3GhhjUZJRw7A", "--tags", "queue=nomad", "--signing-jwks-key-id=main"]
      }
      template {
        destination = "secrets/.npmrc"
        data        = <<EOF
@example:registry=https://npm.example.net/
//npm.example.net/:_authToken=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
//registry.npmjs.org/:_authToken=${NPM_TOKEN}
//old.example.net/:_password="d1c4ejFrZjBTaE83"
//old.example.net/:username=ci
email=ci@example.net
always-auth=true
EOF
      }
      template {
        destination = "secrets/.netrc"
        data        = <<EOF
machine github.com login x-access-token password ghs_V3RSNFsBu9wHcWjf3r4ubMBpKAqEpi2BCc0u
machine api.heroku.com
  login ci@example.net
  password HRKU-b8660131-6998-44a6-b4c8-218d6aaca056
machine nexus.example.net login ci password {{ key "ci/nexus" }}
EOF
      }
      template {
        destination = "secrets/.pypirc"
        data        = <<EOF
[distutils]
index-servers = pypi
[pypi]
username = __token__
password = pypi-AgEIcHlwaS5vcmcCJ4JD1Tpmr4qzKCl2r8rkegRnUXdjl5JI2n-dFCMloNj4Dgs3oIYC3lEDGC2gKF7Rm_K5xo8Fvyxs4EgR89j6szvhwc0Z2Arc-6TYd5uEkMa0rtCYyvQqYUvwmaM-WEIECxAj_mebvF_yVpl2_nv2DekDhfO06lCo4
EOF
      }
    }
  }
}
