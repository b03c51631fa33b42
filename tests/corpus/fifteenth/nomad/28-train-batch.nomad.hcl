job "train" {
  type = "batch"

  parameterized {
    payload       = "optional"
    meta_required = ["dataset", "token_budget"]
    meta_optional = ["api_key_name"]
  }

  group "train" {
    task "train" {
      driver = "docker"

      config {
        image   = "registry.example.org/ml/train:cu124"
        command = "python"
        args = [
          "/local/train.py",
          "--max-tokens", "4096",
          "--pad-token=<pad>",
          "--hf-token", "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",
          "--wandb-key=31e7e5ce42facf85b280a150f890db33ff97ecb8",
          "--secret-name", "train-s3",
        ]
      }

      env {
        OPENAI_API_KEY  = "sk-proj-pSPbYB9TOPXL2ItvOqGhANqneJCaPxaH03p6vd6zlX9rXy0A"
        TOKENIZER_MODEL = "/models/tokenizer.model"
      }

      template {
        destination = "local/train.py"
        data        = <<PY
import os
import psycopg2
import boto3

token = os.environ["HF_TOKEN"]
conn = psycopg2.connect(host="pg.example.org", user="ml", password="Cobalt_Finch_3")
s3 = boto3.client(
    "s3",
    aws_access_key_id="AKIAY3KC5LYJPIQ75XHU",
    aws_secret_access_key="M5ZoK+pfXtfz+kB0/+Dtx4MI6R0Etgae7guV2yYo",
)
pad_token = tokenizer.pad_token or "[PAD]"
HEADERS = {"Authorization": "Bearer " + token}
requests.post("https://discord.com/api/webhooks/3783694749297872146/gP5tKRuMEWcvVFxXQTBC1KqZOvR7aZDgYIl8o-lQy37vq-K7ZZbIc25Cng0LR976MbLd", json={"content": "done"})
PY
      }
    }
  }
}
