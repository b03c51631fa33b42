job "haproxy" {
  type = "system"

  group "lb" {
    task "haproxy" {
      driver = "docker"
      config {
        image        = "haproxy:3.0"
        network_mode = "host"
        volumes      = ["local/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg"]
      }
      template {
        destination = "local/haproxy.cfg"
        data        = <<EOF
global
  maxconn 4096
  ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256

userlist ops
  group admins users anna
  user anna password $6$dKDlf.A1TPAkSkS/$juWV65lqSjp15iwIqRKno0JEtVzw1tZNwbMHYUJMI0ubiGhhNCFR8l5cDekGhx9f0wpY2KT2rjTfdmDrdhvUTL
  user milo insecure-password Gleis9dreiviertel

frontend https
  bind *:443 ssl crt /etc/ssl/private/example.pem
  acl has_token req.hdr(X-Auth-Token) -m found
  acl is_admin path_beg /admin
  http-request auth realm Password-Area if is_admin !{ http_auth(ops) }
  http-request set-var(txn.key) req.cook(session_token)
  default_backend web

backend web
  cookie SRVKEY insert indirect nocache
  http-request set-header X-Backend-Key 220963dde01a02d7ee8dfc10e12d2fac
  server web1 web.service.consul:8080 check cookie w1

listen stats
  bind *:8404
  stats enable
  stats uri /stats
  stats auth ops:Pegelstand
  stats refresh 10s
EOF
      }
    }
  }
}
