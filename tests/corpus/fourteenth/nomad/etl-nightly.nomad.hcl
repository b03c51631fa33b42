job "etl-nightly" {
  type = "batch"
  periodic { crons = ["30 2 * * *"] }

  group "etl" {
    task "extract" {
      driver = "docker"
      config {
        image      = "registry.thv.internal/data/etl:0.9"
        entrypoint = ["/bin/bash", "-c"]
        args = [
          "psql \"host=pg-ro.thv.internal user=etl password=tulip-Mania1637 dbname=ship\" -f /sql/extract.sql && snowsql -a xy12345.eu-west-1 -u ETL --private-key-path /keys/etl_rsa.p8",
        ]
      }
      env {
        SNOWFLAKE_ACCOUNT  = "xy12345.eu-west-1"
        SNOWSQL_PWD        = "IceFloe!44melt"
        PARTITION_KEY      = "shipment_date"
        DEDUPE_KEYS        = "order_id,leg_id"
        TOKENIZER          = "bert-base-multilingual-cased"
        MAX_TOKENS         = "512"
        HF_TOKEN           = "hf_NdTb6f4ICdh58t2BRwoh2XGeh825gDRNgQ"
        WANDB_API_KEY      = "de30e08bc90cf5c122c46966bcc56b37bfd66c8a"
        MLFLOW_TRACKING_URI = "https://mlflow:experiment626@mlflow.thv.internal"
      }
    }

    task "train" {
      driver = "docker"
      config {
        image   = "registry.thv.internal/data/train:0.9"
        command = "python"
        args    = ["/local/train.py", "--api-key=sk-proj-J7QcHOqT1fF29B2ZATvt0iNXp3U24CKdfEDw8wSog0zJaTfH", "--sort-key", "eta", "--tokenizer-path=/models/tok.json"]
      }
      template {
        destination = "local/train.py"
        data        = <<PY
import os, pandas as pd, sqlalchemy as sa
# TODO move to vault (Priya said it's ok for now)
engine = sa.create_engine("mysql+pymysql://ds_user:c%21rcle%40square@mysql.thv.internal/shop")
pw = os.environ["SNOWSQL_PWD"]
s3 = dict(key="AKIACVXPZ6FMLI6QO2ID",
          secret="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")
df = pd.read_sql("select token_count, password_changed_at from customers", engine)
df["secret_score"] = df.token_count / df.shape[0]
client = Databricks(host="https://adb-7712.azuredatabricks.net", token="dapiff9a7f77a48048dd239cfc197a12713c")
PY
      }
    }
  }
}
