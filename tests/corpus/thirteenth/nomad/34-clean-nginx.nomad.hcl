job "static" {
  meta {
    commit   = "dc57d928f5fab5a7d43aa0e2e4d5236aafcf20bb"
    build_id = "5dc65b31-495b-4589-a828-a7bfaab38638"
  }
  group "nginx" {
    service {
      name = "static"
      port = "http"
      tags = ["release-f07329d403b9", "secret-santa"]
      check {
        type = "http"
        path = "/healthz"
        header {
          X-Api-Key-Header = ["X-Api-Key"]
        }
        interval = "10s"
        timeout  = "1s"
      }
    }
    task "nginx" {
      driver = "docker"
      config {
        image = "nginx@sha256:0e0d4c333ab74738e33cda09a8fa7c1aeda41d280190429bf7a9fc0ec48bcf38"
      }
      artifact {
        source = "https://dl.stadtplan.example/site.tar.gz"
        options {
          checksum = "sha512:09ac1fcdfb23b218b4e87e02bd02ea4e2a0981a54a94d8c674938825c302d8f14fc688894b65785b2e9386443cd9cf2cfc1e82778440c546896e69f7daa4fea3"
        }
      }
      template {
        destination = "local/default.conf"
        data        = <<NGINX
upstream auth { server 127.0.0.1:9091; }
map $http_authorization $auth_token {
  default $1;
}
server {
  listen 443 ssl;
  ssl_certificate_key /secrets/tls.key;
  ssl_password_file   /secrets/tls.pass;
  ssl_session_tickets off;
  add_header Content-Security-Policy "script-src 'sha256-zdDxfKkXlXOdpeLt8wBzDuY0fiHor9AqGJVw6CV8YVU='";
  add_header Public-Key-Pins 'pin-sha256="JQE+My1H5NDBEDU0HqbYt2poGAtkgBeBG5k3/1FLNDA="; max-age=5184000';
  auth_basic_user_file /secrets/htpasswd;
  location /api/ {
    proxy_set_header Authorization "Bearer $auth_token";
    proxy_set_header X-Forwarded-Proto https;
    proxy_pass http://auth;
  }
  location = /.well-known/security.txt {
    return 200 "Contact: mailto:security@stadtplan.example\nEncryption: openpgp4fpr:6ad8884e63d66b568d0c7487437ce5e0be189903\n";
  }
  # the password for the preview area is in the team vault, ask Ines
}
NGINX
      }
    }
  }
}
