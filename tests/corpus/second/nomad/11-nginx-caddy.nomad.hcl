job "proxies" {
  group "nginx" {
    task "nginx" {
      driver = "docker"
      config { image = "nginx:1.27" }
      template {
        destination = "local/site.conf"
        data        = <<EOH
server {
  listen 443 ssl;
  ssl_certificate_key /secrets/tls.key;
  auth_basic "Restricted: password required";
  auth_basic_user_file /secrets/htpasswd;
  location /api/ {
    proxy_pass http://127.0.0.1:9000;
    proxy_set_header Authorization "Bearer aK4ivmXAPzY0t6BdIOzBli6JNPsD3kVn23YSAs2K";
    proxy_set_header Cookie $http_cookie;
    proxy_set_header X-Token $http_x_token;
  }
  location /dl/ {
    secure_link $arg_md5,$arg_expires;
    secure_link_md5 "$secure_link_expires$uri river-otter-42";
    if ($arg_token = "dac8c7fd9abd65353ed3f351") { return 200; }
  }
  proxy_ssl_password_file /secrets/tls.pass;
}
EOH
      }
      template {
        destination = "secrets/htpasswd"
        data        = <<EOH
ops:$apr1$241Ivfxf$BKFGM2hNTxnFtTk1Lemtfx
ci:{SHA}VfnNm+lsZy+OlZsobCEWpdOSSC4=
EOH
      }
    }
  }
  group "caddy" {
    task "caddy" {
      driver = "docker"
      config { image = "registry.example.net/caddy-dns:2.8" }
      env {
        CLOUDFLARE_EMAIL = "dns@example.net"
      }
      template {
        left_delimiter  = "[%"
        right_delimiter = "%]"
        destination     = "local/Caddyfile"
        data            = <<EOC
{
  email admin@example.net
  acme_dns cloudflare ZKw59sVeTf_Q6XpTTaApqbRvp_EmM6xstRUr1mTC
}
files.example.net {
  basic_auth /private/* {
    carl $2a$14$6EwZrVmpCS62vuxyT4xsPP3nmuUI0x1p5endfTC5a.yn6YVZsjls3
  }
  reverse_proxy [% range service "files" %][% .Address %]:[% .Port %] [% end %]{
    header_up X-Api-Key {env.FILES_API_KEY}
    header_up X-Real-IP {remote_host}
  }
  tls {
    dns route53 {
      access_key_id "AKIAV2NP2ZDWMZG2KQO7"
      secret_access_key "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"
      region "eu-central-1"
    }
  }
}
EOC
      }
    }
  }
}
