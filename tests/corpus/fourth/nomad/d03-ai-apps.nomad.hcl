job "ai" {
  group "litellm" {
    task "proxy" {
      driver = "docker"
      config {
        image = "ghcr.io/berriai/litellm:main-v1.48"
        args  = ["--config", "/local/config.yaml"]
      }
      env {
        LITELLM_MASTER_KEY = "sk-fh2mybephey2vohis54gajk8"
        LITELLM_SALT_KEY   = "sk-zPiE7LueIVxgS0amezm5"
        OPENAI_API_KEY     = "sk-proj-Nol51MeFyvkJ5T76nS4JT3BlbkFJ2jP93Fx0L6LEC6B3N81N"
        HF_TOKEN           = "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"
        MAX_TOKENS         = "4096"
        TOKENIZERS_PARALLELISM = "false"
        DATABRICKS_TOKEN   = "dapi5d57559ce0c4273f01d46c9e935720e4"
      }
      template {
        destination = "local/config.yaml"
        data        = <<EOF
model_list:
  - model_name: sonnet
    litellm_params:
      model: anthropic/claude-sonnet
      api_key: sk-ant-api03-JX_EMWIgBctcTK2Js5iUp2i46lkIKtt_Q6uTIo0Lja6nY3cRMXilDqKSCATyJJtrWVSwQGEaxNgyBLxdtKFCtdbPegSOzAA
      max_tokens: 8192
  - model_name: gpt
    litellm_params: { model: openai/gpt-4o, api_key: "os.environ/OPENAI_API_KEY" }
  - model_name: local
    litellm_params: { model: ollama/llama3, api_base: http://ollama:11434, api_key: none }
  - model_name: groq
    litellm_params: { model: groq/llama3, api_key: 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 }
general_settings:
  database_url: "postgresql://litellm:Jnmsh*7MsLTU2Gka71@pgvector.service.consul/litellm"
  alerting: ["slack"]
EOF
      }
    }
    task "webui" {
      driver = "docker"
      config { image = "ghcr.io/open-webui/open-webui:main" }
      env {
        OPENAI_API_BASE_URL = "http://localhost:4000/v1"
        OPENAI_API_KEY      = "sk-fh2mybephey2vohis54gajk8"
        WEBUI_SECRET_KEY    = "t0p-s3cr3t"
        GOOGLE_PSE_API_KEY  = "AIzaSypdefwaznz7fWO008_UFUeGnme22gzbNec"
        GOOGLE_PSE_ENGINE_ID = "6fde8298361f255ec"
        LANGFUSE_PUBLIC_KEY = "pk-lf-64bee771-d3c5-432e-9639-ee0f63b1e90a"
        LANGFUSE_SECRET_KEY = "sk-lf-c5e9a929-6442-4571-ab7c-b81ec05d5d42"
        RAG_TOKEN_MODEL     = "cl100k_base"
      }
    }
  }
}
