job "proxy" {
  type = "system"

  group "nginx" {
    task "nginx" {
      driver = "docker"

      config {
        image   = "nginx:1.27-alpine"
        volumes = ["local/conf.d:/etc/nginx/conf.d", "secrets/htpasswd:/etc/nginx/htpasswd"]
      }

      template {
        destination = "secrets/htpasswd"
        data        = <<EOF
anna:$apr1$QmaXFzc6$F/2Vx30pVHCWGdromur6Tm
deploy:$2y$05$9BNeqAIgy4/Y5DFfA0Gyz1up7eRwmFU0Xa9N7fgcYp9cnTFoj3PEr
EOF
      }

      template {
        destination = "local/conf.d/default.conf"
        data        = <<EOF
map $http_x_api_key $client {
    default "";
    "2LTtN4qDDW0ugqicY9ozrrhGFwt0j33j" partner-one;
    "RmPX0n7HL1vroqrLr6ADNfsodrFIASJY" partner-two;
}
server {
    listen 8080;
    location / {
        auth_basic "Team area, password required";
        auth_basic_user_file /etc/nginx/htpasswd;
        proxy_set_header X-Token $http_x_token;
        proxy_set_header Authorization "Basic cHJveHk6Q29iYmxlLTI1LU5ld3Q=";
        proxy_pass http://127.0.0.1:9000;
    }
    location /files/ {
        secure_link $arg_md5,$arg_expires;
        secure_link_md5 "$secure_link_expires$uri Furrow_Glass_3";
        proxy_set_header Authorization "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJmaWxlcyIsImlhdCI6MTcyMDUxNTI2Nywic3ViIjoiZmlsZXMifQ.gBJ5d5yZ9qOpZZMQ0Rp3CvAeQYbG78mtpwjqympf1Zy";
        proxy_pass http://127.0.0.1:9001;
    }
}
EOF
      }
    }
  }
}
