job "workers" {
  group "default" {
    count = 4

    task "worker" {
      driver = "docker"
      config {
        image   = "registry.example.net/shop:640"
        command = "celery"
        args    = ["-A", "shop", "worker", "-Q", "default"]
      }
      env {
        CELERY_BROKER_URL     = "redis://:e8HWRGvmL18RbsOMygfGPh@redis.service.consul:6379/0"
        CELERY_RESULT_BACKEND = "db+postgresql://celery:Lupin-Cask-8@pg.service.consul/celery"
        DJANGO_SECRET_KEY     = "django-insecure-gtlronw77c2ex0563j3d6q83suoumm0yiuknhwgxr3onjfhiu5"
      }
    }
  }

  group "priority" {
    task "worker" {
      driver = "docker"
      config {
        image   = "registry.example.net/shop:640"
        command = "celery"
        args    = ["-A", "shop", "worker", "-Q", "priority"]
      }
      env {
        CELERY_BROKER_URL = "redis://:e8HWRGvmL18RbsOMygfGPh@redis.service.consul:6379/0"
        CELERY_TASK_ROUTES = "shop.tasks.rotate_tokens=priority"
      }
      template {
        destination = "local/local_settings.py"
        data        = <<EOF
import os

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "USER": "shop",
        "PASSWORD": "Nuthatch!Rope5",
    }
}
EMAIL_HOST_PASSWORD = 'aO59i2pRzYyffyn7z8pWSYoP'
RECAPTCHA_PUBLIC_KEY = "6L8Qbp3jGkJ2OYESpJFPr1fThpyrYBDblk2xuBux"
RECAPTCHA_PRIVATE_KEY = "6LL6kusxIyVbF8ibxb99Pg70egJilgg-xJFt4Umk"
SENTRY_DSN = "https://8e82e8f61317e93bd173b63491679ded@sentry.example.net/4"
FIELD_KEY = os.environ["FIELD_KEY"]
AUTH_PASSWORD_VALIDATORS = []
SESSION_COOKIE_NAME = "shop_session"
EOF
      }
    }
  }
}
