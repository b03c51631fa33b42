job "brochure" {
  datacenters = ["dc1"]
  type        = "service"

  update {
    max_parallel     = 1
    min_healthy_time = "10s"
    auto_revert      = true
  }

  group "web" {
    count = 2

    network {
      port "http" { to = 80 }
    }

    service {
      name = "brochure"
      port = "http"
      tags = ["urlprefix-brochure.hilltop.example/", "no-auth"]

      check {
        type     = "http"
        path     = "/index.html"
        interval = "15s"
        timeout  = "2s"
      }
    }

    task "nginx" {
      driver = "docker"

      config {
        image   = "nginx:1.27-alpine"
        ports   = ["http"]
        volumes = ["local/default.conf:/etc/nginx/conf.d/default.conf"]
      }

      template {
        destination = "local/default.conf"
        data        = <<EOF
server {
  listen 80;
  root /usr/share/nginx/html;
  location /members/ {
    auth_basic "Members only, ask at the desk";
    auth_basic_user_file /etc/nginx/members.htpasswd;
  }
  proxy_set_header Authorization "$http_authorization";
}
EOF
      }
    }
  }
}
