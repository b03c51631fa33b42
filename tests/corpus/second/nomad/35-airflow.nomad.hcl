job "airflow" {
  group "airflow" {
    task "scheduler" {
      driver = "docker"
      config {
        image   = "apache/airflow:2.10.0"
        command = "scheduler"
      }
      env {
        AIRFLOW__CORE__FERNET_KEY             = "IREH77UtbdNgh4CJ3i5jbcdKMHMiBpMFkFizDuIoaH1="
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN   = "postgresql+psycopg2://airflow:airflow@db.example.net/airflow"
        AIRFLOW__WEBSERVER__SECRET_KEY        = "ac76f4c4ca07c64ea88dbc07a3779a19"
        AIRFLOW__CELERY__RESULT_BACKEND       = "db+postgresql://airflow:airflow@db.example.net/airflow"
        AIRFLOW__API__AUTH_BACKENDS           = "airflow.api.auth.backend.basic_auth"
        AIRFLOW_CONN_WAREHOUSE                = "{\"conn_type\": \"snowflake\", \"login\": \"etl\", \"password\": \"Flake \\u0026 Ice\", \"extra\": {\"account\": \"ab12345\", \"private_key_file\": \"/secrets/rsa.p8\"}}"
        AIRFLOW_CONN_SFTP                     = "sftp://feed:c0d%20%26%20chips@sftp.example.org:2222/?key_file=%2Fsecrets%2Fid&no_host_key_check=true"
        AIRFLOW_CONN_HTTP_OPEN                = "http://api.example.org/?token_required=false"
        _AIRFLOW_WWW_USER_PASSWORD            = "airflow"
        AIRFLOW__SECRETS__BACKEND_KWARGS      = "{\"connections_path\": \"airflow/connections\", \"token\": \"hvs.N3ZHxaQjbEoP5o1smTDlfsZKWMa3kiSUt6YGoGBaOKpndLL1aCvF0rRQTOtKv4AR8IQ3K0PM7C7Yvag8FNGGMOgwp46N\"}"
      }
    }
    task "superset" {
      driver = "docker"
      config { image = "apache/superset:4.0.2" }
      template {
        destination = "local/superset_config.py"
        data        = <<EOP
import os
SECRET_KEY = 'W3JKWkzcDc4U9Dn9jJ-TMTYXxZMkMGfYl1MlccpAYF'
PREVIOUS_SECRET_KEY = "TEST_NON_DEV_SECRET"
SQLALCHEMY_DATABASE_URI = f"postgresql://superset:{os.environ['DB_PW']}@db/superset"
GUEST_TOKEN_JWT_SECRET = os.environ.get("GUEST_SECRET", "test-guest-secret-change-me")
GUEST_TOKEN_JWT_ALGO = "HS256"
GUEST_TOKEN_HEADER_NAME = "X-GuestToken"
WTF_CSRF_ENABLED = True
MAPBOX_API_KEY = 'pk.eyJ1Ijoiv1j-nmnvyHid9yVUv5j9clba2V4Q6iXphCgSm34fqvB4.V_rzH3mhHkgaruGBc7W_A7'
class CeleryConfig:
    broker_url = "redis://:sugar-loaf@localhost:6379/0"
EOP
      }
    }
  }
}
