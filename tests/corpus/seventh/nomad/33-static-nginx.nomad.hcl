job "static-sites" {
  datacenters = ["dc1"]

  group "web" {
    task "nginx" {
      driver = "docker"
      config {
        image = "nginx:1.27-alpine"
        mount {
          type     = "bind"
          source   = "local"
          target   = "/etc/nginx/conf.d"
          readonly = true
        }
      }

      template {
        destination   = "local/default.conf"
        change_mode   = "signal"
        change_signal = "SIGHUP"
        data          = <<EOF
upstream docs { server docs.internal:8000; }
server {
  listen 8080;
  server_name docs.copperleaf.co.nz;
  auth_basic "Staff only - ask Hemi for the password";
  auth_basic_user_file /secrets/htpasswd;
  ssl_password_file /secrets/tls.pass;
  secure_link_secret kea_Steals_wipers;

  location / {
    proxy_set_header Authorization "Basic ZG9jczpUdWkmS293aGFpOA==";
    proxy_set_header X-Api-Key $http_x_api_key;
    proxy_pass http://docs;
  }
  location /metrics {
    if ($arg_token != "t1ug61kc5hkds6cvdg7m6z") { return 403; }
    proxy_pass http://127.0.0.1:9113;
  }
  location /login {
    limit_req zone=login_password;
    proxy_cookie_path / "/; HttpOnly; Secure";
    proxy_pass_header X-CSRF-Token;
    proxy_pass http://docs;
  }
}
EOF
      }

      template {
        destination = "secrets/htpasswd"
        data        = <<EOF
hemi:$apr1$TbY1f4Jc$5.awKXyJisodgoaCxz1GRI
aroha:{SHA}JB1ihjPD+oFjMv3llSDyQEgi998=
build:$2y$10$OBVDHMncEagqTsyhS22U.OJ1cRfMMuJa.RDrIlm2XlY7pOtrahOAz
EOF
      }

      template {
        destination = "secrets/tls.pass"
        data        = "pohutukawa-Red\n"
      }

      template {
        destination = "secrets/dav.htdigest"
        data        = <<EOF
print:WebDAV:d51983ebf7c99c18fa6eb9eb2b67d8b0
EOF
      }
    }
  }
}
