variable "fernet_key" {
  type        = string
  description = "Key that encrypts connections; rotate with airflow rotate-fernet-key"
  default     = "9vio90-MEZKqGkrL5xCeT1UY_MKl4L9kUXtnflUTZOE="
}

variable "smtp_password" {
  type = string
}

job "airflow" {
  group "scheduler" {
    task "scheduler" {
      driver = "docker"
      config {
        image   = "apache/airflow:2.10.2"
        command = "airflow"
        args    = ["scheduler"]
      }
      env {
        AIRFLOW__CORE__EXECUTOR               = "CeleryExecutor"
        AIRFLOW__CORE__FERNET_KEY             = "${var.fernet_key}"
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN   = "postgresql+psycopg2://airflow:f%23rn%40weh%2B5@pg.etl.example/airflow"
        AIRFLOW__CELERY__RESULT_BACKEND       = "db+postgresql://airflow:f%23rn%40weh%2B5@pg.etl.example/airflow"
        AIRFLOW__CELERY__BROKER_URL           = "redis://redis.etl.example:6379/1"
        AIRFLOW__WEBSERVER__SECRET_KEY        = "32a9c23326f3a2d93bdafd74c4fc5135"
        AIRFLOW__SMTP__SMTP_PASSWORD          = var.smtp_password
        AIRFLOW__SECRETS__BACKEND             = "airflow.providers.hashicorp.secrets.vault.VaultBackend"
        AIRFLOW__SECRETS__BACKEND_KWARGS      = "{\"connections_path\": \"connections\", \"token\": \"hvs.CAESU5CoX9_NKiPuA3wrHhAzgpQI9hlJ-sibixZoVVGNuyZ6T3xlcVSRg5iWg_bFxFJUO_hMWT-p6fAhwKnARwixpTCv\"}"
        AIRFLOW__API__AUTH_BACKENDS           = "airflow.api.auth.backend.basic_auth"
        AIRFLOW_CONN_WAREHOUSE                = "snowflake://LOADER:7GK6eXC3CDbNZny7hofx@/ANALYTICS?account=xy12345&warehouse=ETL&role=LOADER_ROLE"
        AIRFLOW_CONN_SFTP                     = "{\"conn_type\": \"sftp\", \"login\": \"etl\", \"password\": \"Nadel\\\\Oehr\", \"host\": \"sftp.partner.example\", \"extra\": {\"key_file\": \"/secrets/id_rsa\"}}"
        _AIRFLOW_WWW_USER_USERNAME            = "airflow"
        _AIRFLOW_WWW_USER_PASSWORD            = "airflow"
      }
    }
  }
}
