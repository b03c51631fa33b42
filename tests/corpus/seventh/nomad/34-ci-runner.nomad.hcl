job "ci-runner" {
  datacenters = ["build"]
  type        = "service"

  group "runner" {
    count = 4

    task "runner" {
      driver = "docker"
      user   = "ci"

      config {
        image      = "registry.tidegate.ca/ci/runner:5"
        privileged = false
        volumes    = ["secrets/home:/home/ci"]
      }

      env {
        CI_SERVER_URL           = "https://gitlab.tidegate.ca"
        RUNNER_TOKEN            = "glrt-FQr14k1ToTXUtjHfqEWG"
        SONAR_TOKEN             = "sqp_dd64b338ec80cc5c0b3aa41660793677fa31a2e3"
        SONAR_HOST_URL          = "http://sonar.tidegate.ca"
        COSIGN_PASSWORD         = "Halyard;Cleat4"
        COSIGN_PUBLIC_KEY       = "/keys/cosign.pub"
        DOCKER_CONTENT_TRUST    = "1"
        GPG_KEY_ID              = "0x76E9DB073AC7D7A7"
        GPG_FINGERPRINT         = "C198FFE01CE75FC538E29E602225B0DDE9BB53F3"
        GOPRIVATE               = "gitlab.tidegate.ca/*"
        GIT_ASKPASS             = "/usr/local/bin/askpass"
        MAVEN_OPTS              = "-Dmaven.repo.local=/cache/m2"
      }

      template {
        destination = "secrets/home/.npmrc"
        data        = <<EOF
registry=https://npm.tidegate.ca/
//npm.tidegate.ca/:_authToken=npm_XS3iNO4YW2VmnjkRSwFn9tX1HXqipUIVr2HV
//nexus.tidegate.ca/repository/npm/:_auth=Y2k6U2V4dGFudC1Ob29u
always-auth=true
EOF
      }

      template {
        destination = "secrets/home/.netrc"
        data        = <<EOF
machine gitlab.tidegate.ca login ci-bot password glpat-U1CuczAUZ5uzhdW6VvHD
machine files.tidegate.ca
  login ci
  password Sextant-Noon
EOF
      }

      template {
        destination = "secrets/home/.config/pip/pip.conf"
        data        = <<EOF
[global]
index-url = https://ci:Sextant-Noon@nexus.tidegate.ca/repository/pypi/simple
extra-index-url = https://pypi.org/simple
keyring-provider = subprocess
EOF
      }

      template {
        destination = "secrets/home/.m2/settings.xml"
        data        = <<EOF
<settings>
  <servers>
    <server><id>releases</id><username>deployer</username><password>F4thom-Line</password></server>
    <server><id>central</id><username>tidegate-oss</username><password>{wcpzF/8ZWIWXhRVolR9ORjnmZc4oQu/5VHNKESiIWCCd=}</password></server>
    <server><id>ssh-site</id><privateKey>$HOME/.ssh/site_rsa</privateKey><passphrase>bowline&amp;hitch</passphrase></server>
  </servers>
</settings>
EOF
      }

      template {
        destination = "secrets/home/.docker/config.json"
        data        = <<EOF
{"auths": {"registry.tidegate.ca": {"auth": "Y2k6YmFybmFjbGU0MTc="}}, "credHelpers": {"828943466136.dkr.ecr.ca-central-1.amazonaws.com": "ecr-login"}}
EOF
      }
    }
  }
}
