job "airflow" {
  datacenters = ["bom1"]
  namespace   = "data"

  group "airflow" {
    network {
      port "web" { to = 8080 }
    }

    task "init" {
      driver = "docker"
      lifecycle {
        hook = "prestart"
      }
      config {
        image   = "apache/airflow:2.10.1"
        command = "bash"
        args = ["-c", "airflow db migrate && airflow users create -u priya -p 'Mogra\"Jasmine5' -r Admin -f Priya -l Nair -e priya@chaiworks.in"]
      }
    }

    task "scheduler" {
      driver = "docker"
      config {
        image = "apache/airflow:2.10.1"
        args  = ["scheduler"]
      }

      env {
        AIRFLOW__CORE__EXECUTOR              = "LocalExecutor"
        AIRFLOW__CORE__FERNET_KEY            = "QD4uisUOSp8HxyxadqRgNyK5mGIhny1zk0DMkLbO7UM="
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN  = "postgresql+psycopg2://airflow:airflow@pg-data.service.consul/airflow"
        AIRFLOW__CELERY__BROKER_URL          = "redis://redis-data.service.consul:6379/0"
        AIRFLOW__WEBSERVER__SECRET_KEY       = "850bbd0e7cb3593871c15d694c1957f8"
        AIRFLOW__SECRETS__BACKEND            = "airflow.providers.hashicorp.secrets.vault.VaultBackend"
        AIRFLOW__API__AUTH_BACKENDS          = "airflow.api.auth.backend.basic_auth"
        AIRFLOW_CONN_WAREHOUSE               = "snowflake://LOADER:Kadak%2FChai9%23@/?account=cw12345.ap-south-1&warehouse=LOAD_WH"
        AIRFLOW_CONN_SFTP_VENDOR             = "{\"conn_type\": \"sftp\", \"host\": \"sftp.vendor.in\", \"login\": \"chaiworks\", \"password\": \"elaichi-Adrak-2\", \"extra\": {\"key_file\": \"/opt/keys/id_rsa\"}}"
        AIRFLOW_CONN_SLACK                   = "http://:xoxb-695014099031-0535166934815-88bc7Vsgvs11oocgDrsNbrg2@slack"
        AIRFLOW_VAR_GCS_BUCKET               = "cw-landing"
        _PIP_ADDITIONAL_REQUIREMENTS         = "python-secrets==23.4.2"
      }

      template {
        destination = "secrets/gcp.json"
        data        = <<EOF
{
  "type": "service_account",
  "project_id": "chaiworks-data",
  "private_key_id": "4f6185578715bbd26944ff770e4b9447a3d54ec6",
  "private_key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCOlBu+aFHjmZOn5OUp47ulVJFB7+KqhN+\n3+YpBtLkgfKRDDySlvXVNnpwXtodvRvgeHFNzGb/2/UmKSdUR4zLF49YbvAE2SkJ\nH1rI4BWVwlA4sZ8Kp62TzKHqm1v9RmrDYc5KSv1ue4yhOdXZOcgMYg+d6cOK0J4R\nON6yVY8LRvHzeGvFBb6mPR==\n-----END PRIVATE KEY-----\n",
  "client_email": "loader@chaiworks-data.iam.gserviceaccount.com",
  "client_id": "161939152550413588570",
  "token_uri": "https://oauth2.googleapis.com/token"
}
EOF
      }
    }
  }
}
