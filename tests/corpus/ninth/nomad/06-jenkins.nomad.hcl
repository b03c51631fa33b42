job "jenkins" {
  group "controller" {
    task "jenkins" {
      driver = "docker"
      config {
        image = "jenkins/jenkins:2.462.3-lts"
      }
      env {
        CASC_JENKINS_CONFIG = "/local/casc.yaml"
        JAVA_OPTS           = "-Djenkins.install.runSetupWizard=false -Dhudson.model.ParametersAction.safeParameters=DEPLOY_TOKEN_ID,BRANCH"
      }
      template {
        destination = "local/casc.yaml"
        data        = <<EOF
jenkins:
  systemMessage: "Forgot your password? Ask in #ops."
  securityRealm:
    local:
      allowsSignup: false
      users:
        - id: "admin"
          password: "Kranich&Kran"
        - id: "deploy"
          password: "#jbcrypt:$2a$10$/x.7AEWkkH1YYJKIZmC4VhrKgeQFDsIQoAfcUBE0.qHOWQ45m39aX"
credentials:
  system:
    domainCredentials:
      - credentials:
          - usernamePassword:
              scope: GLOBAL
              id: "nexus-deploy"
              username: "deployer"
              password: "Fuhrwerk_3000"
          - string:
              scope: GLOBAL
              id: "sonar-token"
              description: "Token of the analysis user"
              secret: "squ_f8e1f64e5f3db5ae3142b28838ed6c69cab46211"
          - basicSSHUserPrivateKey:
              id: "git-ssh"
              username: "git"
              passphrase: "Unter drei Linden"
              privateKeySource:
                directEntry:
                  privateKey: "$${readFile:/secrets/git_ed25519}"
unclassified:
  gitHubPluginConfig:
    configs:
      - name: "github"
        credentialsId: "github-app"
EOF
      }
    }
  }
}
