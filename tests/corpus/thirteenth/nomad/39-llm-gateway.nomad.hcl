job "llm" {
  group "gateway" {
    task "litellm" {
      driver = "docker"
      config {
        image   = "ghcr.io/berriai/litellm:main-v1.48.0"
        args    = ["--config", "/local/config.yaml", "--max_tokens", "4096"]
      }
      env {
        LITELLM_MASTER_KEY = "sk-Wissensdurst-kk471f3qyf"
        LITELLM_SALT_KEY   = "sk-ZypaJeZTFMNqSe5eLWtoA4m214gzb8Tr"
        HF_TOKEN           = "hf_GLtSHaryRzMpTo6OHRdFSqVqLxjssDmIQ8"
        LANGFUSE_PUBLIC_KEY = "pk-lf-cc9a67c8-1b37-4cde-a8df-fc123b018db0"
        LANGFUSE_SECRET_KEY = "sk-lf-a5d4d82b-4b40-47b6-8d80-f9d48540cf37"
        TOKENIZERS_PARALLELISM = "false"
        OPENAI_ORGANIZATION = "org-C0rMuhTXOcslOWHdnMbQkjOy"
      }
      template {
        destination = "local/config.yaml"
        data        = <<YAML
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      api_key: sk-proj-kcsGvrJ3CAvsXMiv5i8KvdfPyl579sk08O-0mhABNHpV1o59eZMp_QZo9ALleuSW
      max_tokens: 2048
  - model_name: claude
    litellm_params:
      model: anthropic/claude-3-5-sonnet-20240620
      api_key: sk-ant-api03-mL75S8XsPW783Hp1oWw_g65mMFXxnqfv-YhcWK_j-l-i7n1HJ9zg5NMFYL9rDlSVlsEHLEzKTkVdnWm_AA
  - model_name: local
    litellm_params:
      model: openai/mistral-nemo
      api_base: http://vllm.service.consul:8000/v1
      api_key: none
  - model_name: azure
    litellm_params:
      model: azure/gpt-4
      api_key: os.environ/AZURE_API_KEY
  - model_name: gemini
    litellm_params:
      model: gemini/gemini-1.5-pro
      api_key: AIzaSyo4uYPQay2IipJSDLCX4dWKBNl1OyoeTUw
general_settings:
  database_url: postgresql://litellm:7PhGfTjCtoDHtfNdaZWx@pg:5432/litellm
  token_rate_limit_type: output
YAML
      }
    }
  }
}
