job "sentry" {
  datacenters = ["chi"]
  priority    = 60

  group "web" {
    task "web" {
      driver = "docker"

      config {
        image      = "getsentry/sentry:24.8.0"
        force_pull = false
        args       = ["run", "web"]
        volumes = [
          "local/sentry.conf.py:/etc/sentry/sentry.conf.py",
          "local/config.yml:/etc/sentry/config.yml",
        ]
        labels = {
          "com.lakeshore.team"    = "platform"
          "com.lakeshore.secrets" = "1password/infra/sentry"
        }
      }

      template {
        destination = "local/sentry.conf.py"
        data        = <<PY
from sentry.conf.server import *  # NOQA

DATABASES = {
    "default": {
        "ENGINE": "sentry.db.postgres",
        "NAME": "sentry",
        "USER": "sentry",
        "PASSWORD": "wack3r-DRIVE-n",
        "HOST": "10.9.0.40",
    }
}
# until the August move: PASSWORD was "deepdish88"
BROKER_URL = "redis://:{password}@{host}:{port}/{db}".format(
    **{"password": "wgw9uhcpqwm2b2hb", "host": "10.9.0.41", "port": 6379, "db": 0}
)
SENTRY_USE_BIG_INTS = True
SENTRY_OPTIONS["system.secret-key"] = env("SENTRY_SECRET_KEY")
CSRF_COOKIE_NAME = "sc_lakeshore"
CSRF_TRUSTED_ORIGINS = ["https://sentry.lakeshore-parts.com"]
AUTH_PASSWORD_VALIDATORS = [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}]
GITHUB_APP_ID = "822533"
GITHUB_API_SECRET = "9c488e00a4ff1125cf5ec72ba694165beaecba0a"
SLACK_CLIENT_ID = "97530379022.464184599892"
SLACK_SIGNING_SECRET = '136d3b97429ab7bca1aafb77b4460ece'
PY
      }

      template {
        destination = "local/config.yml"
        data        = <<YML
mail.backend: 'smtp'
mail.host: 'email-smtp.us-east-2.amazonaws.com'
mail.username: 'AKIAZTKEJTTQVEMFLTW5'
mail.password: 'Bt2I+oWjgCVieCbGz5ZkMZeHQGKJrRAYiBpDbppD+zrW'
mail.use-tls: true
filestore.backend: 's3'
filestore.options:
  bucket_name: 'lakeshore-sentry'
github-app.private-key: |
  -----BEGIN RSA PRIVATE KEY-----
  MIIEowIBAAKCAQEAH1FLq/zg7BDooH1qULCTaSLtu2sTqdh9En6jujQgB8MuTdzL
  DRPHaXhuTWUDsf4/bsx6bpDNBIzsHdw0wcDgCh3edtap2jm/bU9iRmkLqA+fUo5b
  GauF4X3RmDOTBRmTtMV7yL1ryqEeZBERd3NCGoIOP+R2AWcSOt/JsbcJiWBhiIFZ
  G0uiBpF6kq0iz2o1xTxx0SAegweZOLEGzp4o6A88
  -----END RSA PRIVATE KEY-----
YML
      }
    }
  }
}
