# Katedra Informatyki Stosowanej
variable "hub_admin_password" {
  type        = string
  description = "hasło administratora, zmienić po instalacji"
  default     = "Zim0wySemestr"
}

variable "crypt_key" {
  type    = string
  default = "25c3355fa76e7c0b93f13eb8a336fde340b4cead3cfd4257e68460ab25ad947c"
}

variable "usos_consumer_key" {
  type = string
  # publiczny identyfikator aplikacji w USOS API
  default = "6AlG5JOE2xKpJfS37iYF"
}

variable "usos_consumer_secret" {
  type    = string
  default = "ctS9EYc6fbVeuOT5C66lrGBj6nXptbAuQ8sXCpoL"
}

variable "gpu_token_count" {
  type    = number
  default = 4
}

job "jupyterhub" {
  datacenters = ["wydzial"]

  group "hub" {
    network {
      port "hub" { static = 8000 }
    }

    task "hub" {
      driver = "docker"

      config {
        image   = "quay.io/jupyterhub/jupyterhub:5.1.0"
        command = "jupyterhub"
        args    = ["-f", "/local/jupyterhub_config.py"]
      }

      env {
        HUB_ADMIN_PASSWORD   = var.hub_admin_password
        JUPYTERHUB_CRYPT_KEY = var.crypt_key
        OAUTH_CLIENT_SECRET  = "${var.usos_consumer_secret}"
        OAUTH_CLIENT_ID      = var.usos_consumer_key
      }

      template {
        destination = "local/jupyterhub_config.py"
        data        = <<PY
import os
c = get_config()  # noqa
c.JupyterHub.db_url = "mysql+pymysql://hub:Kwiecien_2019@db.kis.example/hub"
c.ConfigurableHTTPProxy.auth_token = '2f1013a47bbb276783d0603da4871abc5a95080194960414b8e8b94bee7a2809'
c.JupyterHub.cookie_secret_file = "/srv/hub/cookie_secret"
c.Authenticator.admin_users = {"kwozniak", "mlis"}
c.JupyterHub.services = [
    {"name": "cull-idle", "api_token": "cull-a3800ec60041aa7c6fe9cdf3", "admin": True},
    {"name": "grader", "api_token": os.environ["GRADER_API_TOKEN"]},
]
# c.DummyAuthenticator.password = "student"
PY
      }
    }
  }
}
