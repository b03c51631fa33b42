job "haproxy" {
  type = "system"
  group "lb" {
    network {
      port "http" { static = 80 }
      port "stats" { static = 1936 }
    }
    task "haproxy" {
      driver = "docker"
      config {
        image   = "haproxy:3.0-alpine"
        volumes = ["local/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg"]
      }
      template {
        destination   = "local/haproxy.cfg"
        change_mode   = "signal"
        change_signal = "SIGUSR1"
        data          = <<EOF
global
  maxconn 8192
  stats socket /var/run/haproxy.sock mode 600 level admin
defaults
  mode http
  timeout connect 5s
userlist ops
  user anna insecure-password lemon.tree.house
  user bernd password $6$TTru1NqX21Ut$yjf4gZOLro.APZ8YcjAh3ZnmrvCF6Jx5aaYh90CxYzw8kcK/Zzeh6n0MHvK1YrLzrCLqKbpz1IiU3PLhsu10l/
frontend stats
  bind *:1936
  stats enable
  stats uri /
  stats realm HAProxy\ Statistics
  stats auth admin:s7ats!please
frontend www
  bind *:80
  bind *:443 ssl crt /secrets/site.pem
  acl is_auth http_auth(ops)
  http-request set-header X-Auth-Token b6c624827a0c402b4e28b47cdcc177c1 if is_auth
  http-request set-header Authorization "Basic cHJveHk6SGF5LU1lYWRvdy01"
  default_backend app
backend app
  option httpchk
  cookie SERVERID insert indirect nocache
{{- range service "app" }}
  server {{ .Node }} {{ .Address }}:{{ .Port }} check
{{- end }}
EOF
      }
    }
  }
}
