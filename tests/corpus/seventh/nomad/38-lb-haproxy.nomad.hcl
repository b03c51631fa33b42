job "lb" {
  datacenters = ["icn1"]
  type        = "system"

  group "lb" {
    task "haproxy" {
      driver = "docker"
      config {
        image        = "haproxy:3.0"
        network_mode = "host"
      }
      template {
        destination = "local/haproxy.cfg"
        data        = <<EOF
global
  maxconn 20000
  stats socket /run/haproxy.sock mode 600 level admin
  ssl-default-bind-ciphers ECDHE-RSA-AES128-GCM-SHA256

userlist ops
  user minji insecure-password tteokbokki-17
  user jun password $5$gqxSWJo1WjnEtLCo$efh13355mMUMdOYPY9oWo37DUFU3HG3BA7yJybPEycp
  group admins users minji,jun

defaults
  mode http
  timeout client 30s

frontend stats
  bind :9000
  stats enable
  stats uri /stats
  stats auth admin:hanok&Maru
  # stats auth user:password as in the manual

frontend api
  bind :443 ssl crt /secrets/api.pem
  http-request auth realm ops unless { http_auth(ops) }
  http-request deny unless { req.hdr(x-origin-token) -m str 9fdc10a1d67a0031dffb3ca0c8d2fc3f }
  http-request set-header X-Token-Name origin
  default_backend api

backend api
  option httpchk GET /health
  http-check send meth GET uri /health hdr Authorization "Basic bGI6a2ltY2hpLWphcg=="
  cookie SRVTOKEN insert indirect nocache
{{ range service "api" }}  server {{ .Node }} {{ .Address }}:{{ .Port }} check cookie {{ .ID }}
{{ end }}
EOF
      }
    }

    task "dataplane" {
      driver = "docker"
      config {
        image = "haproxytech/dataplaneapi:2.9"
        args = [
          "--host", "127.0.0.1",
          "--userlist=ops",
          "--haproxy-bin=/usr/sbin/haproxy",
          "--tls-key", "/secrets/dp.key",
          "--config-file=/local/dataplane-secrets.yaml",
        ]
      }
    }
  }
}
