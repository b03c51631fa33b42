job "ci" {
  group "drone" {
    task "server" {
      driver = "docker"
      config { image = "drone/drone:2" }
      env = {
        DRONE_GITEA_SERVER        = "https://git.example.net"
        DRONE_GITEA_CLIENT_ID     = "b84a9666-995a-475a-b65c-c86506097ce0"
        DRONE_GITEA_CLIENT_SECRET = "gto_dfo9wu1rnkt6ftqrk5qvnmd6npl339kuus7fytblguxbx8kcmzwu"
        DRONE_RPC_SECRET          = "4987725492e96ce5bf7140f394e8fb9c"
        DRONE_USER_CREATE         = "username:root,machine:false,admin:true,token:f0cab0f991409913888ef864c498ceee"
        DRONE_DATABASE_SECRET     = "77689039f997710e9fe8796c0116502d"
        DRONE_SERVER_HOST         = "ci.example.net"
        DRONE_COOKIE_TIMEOUT      = "720h"
      }
    }
    task "runner" {
      driver = "docker"
      config {
        image = "drone/drone-runner-docker:1"
      }
      env = {
        DRONE_RPC_SECRET = "4987725492e96ce5bf7140f394e8fb9c",
        DRONE_RPC_PROTO  = "https",
        DRONE_RUNNER_LABELS = "secrets:allowed",
      }
    }
  }
  group "actions" {
    task "runner" {
      driver = "docker"
      config { image = "myoung34/github-runner:2.319.1" }
      env {
        ACCESS_TOKEN      = "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"
        APP_ID            = "318274"
        APP_PRIVATE_KEY   = "-----BEGIN RSA PRIVATE KEY-----\nSpO3YEpTy6EvxTkVfJeEg2T70HWocy0unWyu7CwTrYICYfn2DM5d3Mi4pKDZRLHg\npFKpK8ajH0HYBiLaBB/SgUf196QOHbch2W8yB5aP57aydYxPYgM3WA==\n-----END RSA PRIVATE KEY-----\n"
        RUNNER_SCOPE      = "org"
        ORG_NAME          = "example-org"
        DISABLE_AUTOMATIC_DEREGISTRATION = "true"
      }
    }
    task "act" {
      driver = "docker"
      config {
        image = "gitea/act_runner:0.2.10"
        args  = ["register", "--no-interactive", "--instance", "https://git.example.net", "--token", "0QcmDOaASHAp7xcu7zLI4lbmdzaL0wC7uY45tLdR", "--labels", "ubuntu:docker://node:20"]
      }
    }
  }
}
