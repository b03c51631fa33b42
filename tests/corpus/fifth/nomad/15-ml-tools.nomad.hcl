locals {
  hf_token   = "hf_M9tETQqCX81npP2VXsL2ujquQ9YuR6eaLn"
  model_id   = "mistralai/Mistral-7B-Instruct-v0.3"
  max_tokens = 4096
}

job "ml" {
  datacenters = ["gpu"]

  group "lab" {
    network {
      port "lab" { to = 8888 }
      port "api" { to = 8000 }
    }

    task "jupyter" {
      driver = "docker"
      config {
        image   = "quay.io/jupyter/pytorch-notebook:2024-09-30"
        ports   = ["lab"]
        command = "start-notebook.py"
        args = [
          "--NotebookApp.token=zebrafinch",
          "--ServerApp.password=argon2:$argon2id$v=19$m=10240,t=10,p=8$C1R4eRjBDuPtHpfnwAywQK$WQJcIiBHQsb5S9H4+KHJ/ICn120WH4bZFAfro6RDED2",
          "--ServerApp.keyfile=/secrets/lab.key",
        ]
      }
      env {
        HF_TOKEN               = local.hf_token
        OPENAI_API_KEY         = "sk-proj-qe8u7TmAFvgU6lREVjfyjvSFgh6ZBT29q8mDVtXNUE9PGjPB"
        ANTHROPIC_API_KEY      = "sk-ant-api03-nEKlcx5uLBd33lzFkC55AQBVuLu8gGJz1yl78esBbt7peqAnamI2gJ121HssEIyGqrYiu4xEXSgjLe6cC1LvBcBfA92fCAA"
        TOKENIZERS_PARALLELISM = "false"
        MLFLOW_TRACKING_URI    = "https://mlflow.brightwater.io"
        MLFLOW_TRACKING_USERNAME = "lab"
        MLFLOW_TRACKING_PASSWORD = "gradient.descent.1986"
        WANDB_API_KEY          = "ff2a85aab995b6a302451a99173c6ee20b3d4710"
        WANDB_PROJECT          = "churn"
      }
    }

    task "vllm" {
      driver = "docker"
      config {
        image = "vllm/vllm-openai:v0.6.2"
        ports = ["api"]
        args = [
          "--model", local.model_id,
          "--api-key", "sk-local-837x80kamcctvr1t8u4abiij",
          "--max-num-batched-tokens", "8192",
          "--tokenizer-mode", "auto",
        ]
      }
    }
  }
}
