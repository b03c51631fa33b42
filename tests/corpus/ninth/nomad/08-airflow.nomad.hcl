job "airflow" {
  group "scheduler" {
    task "scheduler" {
      driver = "docker"
      config {
        image   = "apache/airflow:2.10.2"
        command = "scheduler"
      }
      env {
        AIRFLOW__CORE__EXECUTOR                  = "CeleryExecutor"
        AIRFLOW__CORE__FERNET_KEY                = "_qbfKgyRLg0HLYChxX3EJAk8wFE-MlEhfGYYqCZi8QQ="
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN      = "postgresql+psycopg2://airflow:airflow@pg.service.consul/airflow"
        AIRFLOW__CELERY__BROKER_URL              = "redis://:Regen%2FBogen%40Rad@redis.service.consul:6379/1"
        AIRFLOW__CELERY__RESULT_BACKEND_CMD      = "/run/secrets/result_backend.sh"
        AIRFLOW__WEBSERVER__SECRET_KEY           = "6b9afdb2b3ab594e4feb6428f053c0d2"
        AIRFLOW__WEBSERVER__SESSION_LIFETIME     = "43200"
        AIRFLOW__API__AUTH_BACKENDS              = "airflow.api.auth.backend.basic_auth"
        AIRFLOW__SECRETS__BACKEND                = "airflow.providers.hashicorp.secrets.vault.VaultBackend"
        AIRFLOW__SECRETS__BACKEND_KWARGS         = "{\"connections_path\": \"airflow/connections\", \"url\": \"http://vault.service.consul:8200\", \"token\": \"hvs.mwP0Ng4GvFxNdaCAxk9SUlor\"}"
        AIRFLOW_CONN_WAREHOUSE                   = "mysql://etl:Speicher-Stadt-6@warehouse.example.net:3306/dwh?charset=utf8"
        AIRFLOW_CONN_BUCKET                      = "aws://?region_name=eu-central-1&role_arn=arn%3Aaws%3Aiam%3A%3A210177689578%3Arole%2Fetl"
        AIRFLOW_VAR_API_TOKEN_NAME               = "crm-export"
      }
    }
  }
}
