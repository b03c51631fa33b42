job "jupyter" {
  datacenters = ["rtm1"]
  meta {
    owner          = "data-science"
    cost_center    = "4411"
    share_token    = "55jSqpuRk4bloaAEtMwKJGn8"
    key_contact    = "priya@tillerhaven.example"
    token_rotation = "90d"
  }
  group "lab" {
    task "lab" {
      driver = "docker"
      config {
        image   = "jupyter/datascience-notebook:2023-10-20"
        command = "start-notebook.sh"
        args = [
          "--NotebookApp.token=let-me-plot-42",
          "--ServerApp.password=argon2:$argon2id$v=19$m=10240,t=10,p=8$m0Qf1xCv0z8+Gz6kIHteYK$OtwRExz9umiOG7UGWJ5kEd",
          "--ServerApp.allow_password_change=False",
          "--certfile=/secrets/lab.pem",
        ]
      }
      env {
        GITHUB_TOKEN         = "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"
        KAGGLE_KEY           = "6b3915d4ed1a0331df5e4e8b773ab64d"
        KAGGLE_USERNAME      = "priyathv"
        NB_UMASK             = "002"
        JUPYTER_TOKEN_HEADER = "X-Lab-Token"
        GIT_COMMIT           = "0b9bfcddc24f463e54a5d3d59b5efdc020baed96"
      }
    }
    task "proxy" {
      driver = "docker"
      config {
        image = "quay.io/jupyterhub/configurable-http-proxy:4.6"
      }
      env {
        CONFIGPROXY_AUTH_TOKEN = "9a6c2c8abf539e29808f3783a5b221c837509b21aa8bddace324813c274ce155"
      }
    }
  }
}
