job "netbox" {
  group "netbox" {
    task "netbox" {
      driver = "docker"
      config {
        image   = "netboxcommunity/netbox:v4.1-3.0.2"
        volumes = ["local/plugins.py:/etc/netbox/config/plugins.py"]
      }
      env {
        DB_HOST             = "pg.service.consul"
        DB_PASSWORD         = "UpO2EQjkFkO3Eem3"
        REDIS_PASSWORD      = "77haGZpilzhnxzmbhxqEQBYuA"
        REDIS_CACHE_PASSWORD = "uL08vqxwtGwUJ7zGZ48y9JkNu"
        SECRET_KEY          = "+9dmDATngb4bshnaxnKB+rsrqH~r2V6vv+zWiBYSfybpebzrxq"
        SUPERUSER_NAME      = "neteng"
        SUPERUSER_PASSWORD  = "patch-panel-48"
        SUPERUSER_API_TOKEN = "a1844a5ffe6644cc9d9dc8216d0dc11e31ba74bb"
        ALLOWED_URL_SCHEMES = "file ftp http https ssh"
        LOGIN_REQUIRED      = "true"
        CSRF_COOKIE_NAME    = "netbox_csrftoken"
        REMOTE_AUTH_HEADER  = "HTTP_REMOTE_USER"
      }
      template {
        destination = "local/plugins.py"
        data        = <<EOF
from os import environ
PLUGINS = ["netbox_secrets", "netbox_topology_views"]
PLUGINS_CONFIG = {
    "netbox_secrets": {
        "apps": ["dcim.device"],
        "public_key_size": 2048,
        "session_key_cookie": "nbs_session",
    },
    "netbox_napalm_plugin": {
        "NAPALM_USERNAME": "napalm",
        "NAPALM_PASSWORD": "Wacholder_60",
        "NAPALM_ARGS": {"secret": "enable-4th-floor"},
    },
}
LDAP_PASSWORD = environ["LDAP_PASSWORD"]
EOF
      }
    }
    task "sync" {
      driver = "docker"
      config {
        image = "ghcr.io/bb-ricardo/netbox-sync:1.7.0"
      }
      env {
        NBS_NETBOX_API_TOKEN = "a1844a5ffe6644cc9d9dc8216d0dc11e31ba74bb"
        NBS_SOURCE_VC_HOST   = "vcenter.example.net"
        NBS_NETBOX_TIMEOUT   = "30"
      }
    }
  }
}
