job "jenkins" {
  region = "eu"
  datacenters = ["dc1"]

  group "master" {
    task "jenkins" {
      driver = "docker"
      config {
        image = "jenkins/jenkins:2.222-lts"
        port_map {
          "http" = 8080
        }
        volumes = ["local/casc.yaml:/var/jenkins_home/casc.yaml", "local/init.groovy:/var/jenkins_home/init.groovy.d/init.groovy"]
      }
      env {
        "JENKINS_OPTS" = "--httpPort=8080"
        "CASC_JENKINS_CONFIG" = "/var/jenkins_home/casc.yaml"
        "JENKINS_SLAVE_AGENT_PORT" = "50000"
        "SECRETS" = "/run/secrets"
      }
      template {
        destination = "local/casc.yaml"
        data = <<EOF
jenkins:
  securityRealm:
    local:
      allowsSignup: false
      users:
        - id: admin
          password: Butler&Tray
  numExecutors: 0
credentials:
  system:
    domainCredentials:
      - credentials:
          - usernamePassword:
              id: nexus-deploy
              username: deployer
              password: nexus.Trumpet.4
          - string:
              id: sonar-token
              secret: "squ_0694e9a4a669b91eeeee2c49f408cc1743682a14"
          - basicSSHUserPrivateKey:
              id: git-ssh
              username: git
              passphrase: "${GIT_KEY_PASSPHRASE}"
              privateKeySource:
                directEntry:
                  privateKey: |
                    -----BEGIN EC PRIVATE KEY-----
                    MHcCAQEEIL93sYi2PYasYTLHTr+qeUNQPMJYQjJuPiVIv/Zp5vBY4BmYb8koab8X
                    u1FAqr4Ji+xLPJs2c1X8vLPj9AbHgOidGfnRnMl1YzmjX6ICsCc8PxEN9NiceRqn
                    9qboLIyS6HvvDHCjN4d8+Y1XcKtJlQiTnr==
                    -----END EC PRIVATE KEY-----
EOF
      }
      template {
        destination = "local/init.groovy"
        data = <<EOF
import jenkins.model.*
import hudson.security.*
def realm = new HudsonPrivateSecurityRealm(false)
realm.createAccount("admin", "Butler&Tray")
Jenkins.instance.setSecurityRealm(realm)
def token = System.getenv("SONAR_TOKEN")
EOF
      }
    }
  }
}
