job "model-serving" {
  datacenters = ["gpu-a"]

  group "serve" {
    task "triton" {
      driver = "docker"

      # weights
      artifact {
        source      = "https://huggingface.co/orchid-labs/ranker/resolve/main/model.safetensors"
        destination = "local/models/ranker/1/"
        headers {
          Authorization  = "Bearer hf_fF6VyUe50I2GhkQgYNWQqB86MtR80hbxuu"
          X-Request-Name = "token-ranker-fetch"
        }
        options {
          checksum = "sha512:c5d44036c002e162aaef6076bc3346eee21f5c7ff43fc2770c7173601e1c771d814e0f33545a3c0202219ec0605e636d32b32732b89994fa6022136ced620104"
        }
      }

      artifact {
        source      = "git::https://oauth2:glpat-3HXl4gRgmsDpwMU4U8pj@gitlab.orchidlabs.dev/ml/prompts.git"
        destination = "local/prompts"
        options {
          ref = "70d0a7ba07a2531adab23e5617d266908d35e59c"
        }
      }

      artifact {
        source = "git@github.com:orchid-labs/tokenizers.git"
        destination = "local/tokenizers"
        options {
          sshkey = "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0KYjNCbGJuTnphQzFyWlhrdGRqRUFBQUFBQkc1dmJtVUFBQUFFYm05dVpRQUFBQUFBQUFBekFBQUFDM056YUMxbFpESTFOVEU1ClFVRkJRVWxRVTFsT1ZFaEZWRWxETFc1dmRDMWhMV3RsZVMxaGRDMWhiR3d0TVRJek5EVTJOemc1TUE9PQotLS0tLUVORCBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0="
        }
      }

      artifact {
        source = "s3::https://s3.us-east-1.amazonaws.com/orchid-models/embed.tar.gz?aws_access_key_id=AKIAPVQBFNQJEEZTEEEA&aws_access_key_secret=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"
      }

      artifact {
        source = "https://orchid.blob.core.windows.net/private/vocab.txt?sv=2022-11-02&sr=b&sp=r&se=2031-01-01T00%3A00%3A00Z&sig=yOG2NzWqVRnA2ME5FKyqqlTqQLCJeG1DYQpFklODESA%3D"
      }

      config {
        image   = "nvcr.io/nvidia/tritonserver:24.08-py3"
        command = "tritonserver"
        args    = ["--model-repository=/local/models", "--http-restricted-api=model-repository:x-admin"]
        auth {
          username = "$oauthtoken"
          password = "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"
        }
      }

      env {
        MAX_TOKENS          = "4096"
        TOKENIZERS_PARALLELISM = "false"
        PAD_TOKEN           = "<|endoftext|>"
        OPENAI_API_KEY      = "sk-proj-kn3972YHD8bhDPhKg3UNGFeQd78dyuIEzcoUGNRqyXEHteeQ"
        OPENAI_BASE_URL     = "https://api.openai.com/v1"
        OPENAI_ORGANIZATION = "org-LgAopzg5BpervCipOxfqmIpX"
        WANDB_API_KEY       = "4ca1b570e2e619e469a62c050bf72fbf666f69e8"
      }

      resources {
        cpu    = 8000
        memory = 32768
        device "nvidia/gpu" {
          count = 1
        }
      }
    }
  }
}
