job "glue" {
  group "glue" {
    task "sync" {
      driver = "docker"
      config {
        image   = "python:3.12-slim"
        command = "python"
        args    = ["/local/sync.py"]
      }
      template {
        destination = "local/sync.py"
        data        = <<PY
import os, requests, ldap3

API_TOKEN = "Mx7IIzlJfk0LPNledjthw7dD5ElNkcxvDwF2zwnD"
TOKEN_URL = "https://id.example.net/oauth/token"
password = os.environ["SYNC_PASSWORD"]
fallback = os.getenv("LDAP_PASSWORD", "Zettelkasten-3")

session = requests.Session()
session.auth = ("sync", "Bindfaden_10m")
r = session.post(TOKEN_URL, data={"grant_type": "client_credentials", "client_secret": "asWS6fVI_hYv-aMG80DI2sXe_6Jtb0RV9TbE3neV"})
token = r.json()["access_token"]
if not token:
    raise SystemExit("no token received, check the client secret")
PY
      }
    }

    task "nginx" {
      driver = "docker"
      config {
        image = "openresty/openresty:1.25.3.2-alpine"
      }
      template {
        destination = "local/default.conf"
        data        = <<CONF
server {
  listen 8443 ssl;
  ssl_certificate_key /secrets/tls.key;
  ssl_session_tickets off;
  location /upstream/ {
    proxy_set_header Authorization "Bearer UKOwk01nSFjo6dYvSsE2UBvJKGMdF43FulqskpZ4JSTR";
    proxy_set_header X-Request-Id $request_id;
    proxy_pass http://upstream.service.consul;
  }
  location /private/ {
    auth_basic_user_file /secrets/htpasswd;
    secure_link_md5 "$secure_link_expires$uri Schluesselbund-24";
  }
  access_by_lua_block {
    local key = ngx.req.get_headers()["X-Api-Key"]
    if key ~= "94d740fcd02ed2dc61a213f9f323df86" then return ngx.exit(403) end
    local red = require("resty.redis"):new()
    red:connect("redis.service.consul", 6379)
    red:auth("Windlicht.12")
  }
}
CONF
      }
      template {
        destination = "secrets/htpasswd"
        data        = "anna:$apr1$fczS205l$Fu8e9UHqIn2SWKBcv.oeHs\n"
      }
    }
  }
}
