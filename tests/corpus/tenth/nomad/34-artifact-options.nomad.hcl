job "models" {
  type = "batch"

  group "train" {
    task "train" {
      driver = "exec"

      artifact {
        source      = "git::https://deploy:glpat-sebSAZ2O2lA2cRxA_obP@git.example.net/ml/pipeline.git"
        destination = "local/pipeline"
        options {
          ref = "30188cd011ad2f09544845e33b2748e5f5f19292"
        }
      }

      artifact {
        source = "s3::https://minio.example.net:9000/models/base.bin?aws_access_key_id=reader&aws_access_key_secret=Bu8NhpgeAP6WDyTFJDGL9GhPp57O2Q7p"
        options {
          checksum = "md5:84e43c3f5f0bd4fa75b2b09b9648ae03"
        }
      }

      artifact {
        source = "https://files.example.net/vocab.txt?token=9134810b802cfc7d720ea0b39c67d523623384bd"
        mode   = "file"
      }

      artifact {
        source = "https://api.example.net/v1/datasets/42/archive"
        headers {
          X-API-Key = "Je7UYpWO8pVMYkDz5j7PgvvYit70u8I17zaD"
          Accept    = "application/zip"
          X-Request-Token-Type = "api-key"
        }
      }

      artifact {
        source = "gcs::https://www.googleapis.com/storage/v1/ml-public/secret-santa.csv"
      }

      config {
        command = "local/pipeline/train.sh"
      }

      env {
        HF_TOKEN      = "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"
        WANDB_API_KEY = "bee2361a7e15af81e8e08a92f8e89dfde5ab546b"
        TOKENIZER     = "sentencepiece-tokens-32k.model"
      }
    }
  }
}
