locals {
  pg_host     = "pg.thv.internal"
  pg_password = "Kaasschaaf.2020"
  fernet      = "Fg_HkLitFwtsobaO9oNAmVzbntH5MmM5ZGOlDez8ZfB="
  secret_path = "kv/data/airflow"
}

job "airflow" {
  group "scheduler" {
    task "scheduler" {
      driver = "docker"
      config {
        image = "apache/airflow:2.7.3-python3.11"
        args  = ["scheduler"]
      }
      env {
        AIRFLOW__CORE__FERNET_KEY            = local.fernet
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN  = format("postgresql+psycopg2://airflow:%s@%s/airflow", local.pg_password, local.pg_host)
        AIRFLOW__WEBSERVER__SECRET_KEY       = "48823fdaa48abd86fe918d92c737310a"
        AIRFLOW__SECRETS__BACKEND            = "airflow.providers.hashicorp.secrets.vault.VaultBackend"
        AIRFLOW__CELERY__BROKER_URL          = "redis://:3bIzmlZZQg6IIweDUR@redis.thv.internal:6379/1"
        AIRFLOW__API__AUTH_BACKENDS          = "airflow.api.auth.backend.basic_auth"
        AIRFLOW_CONN_FTP_CUSTOMS             = "ftp://thv:D%6Fuane%24Rtm@ftp.customs.example:21"
        AIRFLOW_CONN_SLACK                   = "{\"conn_type\": \"slack\", \"password\": \"xoxb-736598911381-3822101140106-VfcmJPKk25keQgpmpAcZanDc\", \"extra\": {\"timeout\": \"42\"}}"
        AIRFLOW_CONN_AWS                     = jsonencode({ conn_type = "aws", login = "AKIAXPKBLY7RFIRG7COJ", password = "lvoIj2dJ263AST/5ViH2dqkjuqRow+ATo6Vj04qR" })
        AIRFLOW_VAR_PASSWORD_POLICY          = "strong-2022"
        _AIRFLOW_WWW_USER_PASSWORD           = "airflow"
      }
    }
  }
}
