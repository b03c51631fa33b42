job "courses" {
  group "web" {
    task "web" {
      driver = "docker"
      config {
        image   = "registry.example.net/courses:11"
        volumes = ["local/local_settings.py:/app/courses/local_settings.py"]
      }
      template {
        destination = "local/local_settings.py"
        data        = <<EOP
import os
DEBUG = False
SECRET_KEY = 'django-insecure-iyi0k9ha8oaxq2f9qe83lg38n1r5kt7a0ay59m2vtb9vi8nfty'
SECRET_KEY_FALLBACKS = [os.environ["OLD_SECRET_KEY"]]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "USER": "courses",
        "PASSWORD": "Blackboard: 'A'",
        "HOST": os.getenv("PGHOST", "127.0.0.1"),
    },
    "replica": {"PASSWORD": os.getenv("REPLICA_PASSWORD", "whiteboard")},
}
CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:6379/1", "OPTIONS": {"PASSWORD": "sponge & bucket"}}}
EMAIL_HOST_PASSWORD = "late.homework"
AUTH_PASSWORD_VALIDATORS = [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}}]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
CSRF_COOKIE_NAME = "csrftoken"
PASSWORD_RESET_TIMEOUT = 3600 * 24
SIMPLE_JWT = {"SIGNING_KEY": "mo5x8wHE8BqhXzazpWSBs3oYYgbl5h32pe9KclgMSEUM1Mqh", "AUTH_HEADER_TYPES": ("Bearer",), "USER_ID_FIELD": "id"}
SENTRY_DSN = "https://c7c6ca77167a6ef167ec3f8dbc142444@o558226.ingest.example.net/9088651"
EOP
      }
      env {
        DJANGO_SUPERUSER_PASSWORD = "chalk-dust-torture"
        DJANGO_ADMIN_URL          = "secret-admin/"
      }
    }
  }
}
