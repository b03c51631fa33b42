locals {
  fernet_key = "cv4za4en9V0shl2hoaR0AOKFDwMR0h7-ma9Ht-gHOlo="
  pg_host    = "pg-meta.service.fra.consul"
  meta_dsn   = format("postgresql+psycopg2://airflow:%s@%s/airflow", "QFzbpx9ljbz8JnmF87wh", local.pg_host)
}

job "quill-airflow" {
  datacenters = ["fra1"]

  group "scheduler" {
    task "scheduler" {
      driver = "docker"

      config {
        image   = "registry.quillmetrics.io/airflow:2.10.3-quill7"
        command = "airflow"
        args    = ["scheduler"]
        auth {
          username       = "robot$airflow"
          password       = "aTiwMuYGzjcr7gLYlUgbv4VPlQ4jlzeW"
          server_address = "registry.quillmetrics.io"
        }
      }

      env {
        AIRFLOW__CORE__FERNET_KEY               = local.fernet_key
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN     = local.meta_dsn
        AIRFLOW__CELERY__BROKER_URL             = "amqp://airflow:h0pp-hase%2F3@rabbit.service.fra.consul:5672/airflow"
        AIRFLOW__CELERY__RESULT_BACKEND         = "db+postgresql://airflow@pg-meta.service.fra.consul/airflow"
        AIRFLOW__WEBSERVER__SECRET_KEY          = "062e35382d79d102e0362e9513b7d28f"
        AIRFLOW__API__AUTH_BACKENDS             = "airflow.api.auth.backend.basic_auth"
        AIRFLOW__SECRETS__BACKEND               = "airflow.providers.hashicorp.secrets.vault.VaultBackend"
        AIRFLOW__SECRETS__BACKEND_KWARGS        = "{\"connections_path\": \"connections\", \"url\": \"https://vault.quillmetrics.io:8200\", \"auth_type\": \"approle\", \"role_id\": \"bbcc7e81-f9ac-4af5-90e7-343d299b2f14\", \"secret_id\": \"4d04b247-6b8c-49b7-a6a3-3d2e63c0fbfb\"}"
        AIRFLOW__SECRETS__USE_CACHE             = "True"
        AIRFLOW_CONN_SNOWFLAKE                  = "snowflake://LOADER:Schn33flocke!!@qx41207.eu-central-1/RAW/PUBLIC?warehouse=LOAD_WH&role=LOADER"
        AIRFLOW_CONN_S3_LAKE                    = "aws://AKIAMLDSOVNYOMHLBT2P:LAWQmOv2VeCm4PP8k3q%2FQVH21x9glkrP28Ge2x5J@/?region_name=eu-central-1"
        AIRFLOW_CONN_PAYROLL_API                = jsonencode({ conn_type = "http", host = "https://payroll.quillmetrics.io", login = "etl", password = "Gehalt$Zettel-26" })
        AIRFLOW_VAR_OPENLINEAGE_KEY_NAMESPACE   = "quill-prod"
        _AIRFLOW_WWW_USER_PASSWORD              = "airflow"
      }

      template {
        destination = "local/airflow.cfg"
        data        = <<-EOF
          [core]
          executor = CeleryExecutor
          hide_sensitive_var_conn_names = True
          sensitive_var_conn_names = passphrase,pin,otp

          [smtp]
          smtp_host = email-smtp.eu-central-1.amazonaws.com
          smtp_user = AKIA7JTRE7NKVD3GGS3X
          smtp_password = BTAeyjFN276kUFf9frk3BCk5GAf5bgWM9ycts+EIgqzn

          [sentry]
          sentry_on = true
          sentry_dsn = https://db2335e99aed908a58cb642c7d64ef0a@sentry.quillmetrics.io/7

          [webserver]
          cookie_samesite = Lax
          session_lifetime_minutes = 43200
          rbac_password_policy = strict

          [celery]
          flower_basic_auth = flower:Gänseblümchen
          ssl_key = /secrets/celery.key

          [kubernetes_environment_variables]
          # DATADOG_KEY = 99f24dc6eb6d04a57d73e0a0de5f167f
        EOF
      }
    }
  }
}
