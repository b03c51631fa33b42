job "kiosk-nginx" {
  datacenters = ["osl1"]
  type        = "system"

  group "edge" {
    network {
      port "https" { static = 443 }
    }

    task "nginx" {
      driver = "docker"
      config {
        image        = "nginx:1.27-alpine"
        network_mode = "host"
        volumes = [
          "local/conf.d:/etc/nginx/conf.d:ro",
          "secrets/htpasswd:/etc/nginx/htpasswd:ro",
        ]
      }

      template {
        destination     = "local/conf.d/shop.conf"
        change_mode     = "signal"
        change_signal   = "SIGHUP"
        left_delimiter  = "[["
        right_delimiter = "]]"
        data            = <<EOH
upstream rails {
[[ range service "kiosk-web" ]]  server [[ .Address ]]:[[ .Port ]];
[[ end ]]}

proxy_cache_path /var/cache/nginx keys_zone=shopcache:20m max_size=2g;

map $http_x_api_key $partner {
  default                             "";
  "94E2xCY5dtMhpSVo7hI4gUg4UxCa4DNW"  "posten";
  "yT3HOlmHMLAA1ERaiJj5ILxelLYkqyqp"  "bring";
}

server {
  listen 443 ssl;
  server_name shop.fjordkiosk.no;
  ssl_certificate      /secrets/tls/shop.crt;
  ssl_certificate_key  /secrets/tls/shop.key;
  ssl_session_ticket_key /secrets/tls/ticket.key;

  location /admin/ {
    auth_basic           "Staff password required";
    auth_basic_user_file /etc/nginx/htpasswd;
    proxy_set_header Authorization "Basic cHJveHk6dHVzZW5mcnlkMDk=";
    proxy_pass http://rails;
  }

  location /erp/ {
    proxy_set_header X-Api-Token 51cc2ed407a1bca07bebbaa3c3ffbf29b4c54cdd;
    proxy_set_header X-Request-Key $request_id;
    proxy_pass https://erp.fjordkiosk.no/;
  }

  location /private/ {
    secure_link     $arg_md5,$arg_expires;
    secure_link_md5 "$secure_link_expires$uri blåbærsyltetøy";
  }

  location /health {
    if ($http_authorization != "Bearer [[ key "kiosk/nginx/health_token" ]]") { return 401; }
    return 204;
  }
}
EOH
      }

      template {
        destination = "secrets/htpasswd"
        data        = <<EOH
ingrid:$2y$10$pdkU3fcG0M/trO.po8ifFPSFEF2VaACa08XV8ZSdAc/LaR2TGwx0j
lager:{SHA}UZgvZuY/Czmgdgiod14n0xsMSpo=
# oskar:$apr1$3bGaqmjc$okJy4u5ASC2wr7rp.UHW3P
EOH
      }

      template {
        destination = "secrets/tls/shop.key"
        perms       = "0400"
        data        = <<-EOH
          -----BEGIN EC PRIVATE KEY-----
          MHcCAQEEI4LtwiOmvEexRmsSVxUgO60YIbTFw284uGJHCccxhSJdp8tLn41OrSB/
          7EXagprkPipbzXWF00JbBhI5Fv3zLM9LieAn8BCGcVpY4+Dazd7mBdpbWAOCnYzS
          0wai8dJHeyObHALQ6/ntvmzG4uoTASe45/==
          -----END EC PRIVATE KEY-----
        EOH
      }

      template {
        destination = "secrets/tls/shop.crt"
        data        = <<-EOH
          -----BEGIN CERTIFICATE-----
          MIIBtjCCAVugrSewuGqTeYxZIofXB/0azUngTj+2tgWb2JATN4sDD/CWoNfsavmI
          ODVqlByiTQs04IiMRvPiod4VBz3m+x/vQXew07ief9GPbj3aIeAHwbaiv8Z1oZ==
          -----END CERTIFICATE-----
        EOH
      }
    }
  }
}
