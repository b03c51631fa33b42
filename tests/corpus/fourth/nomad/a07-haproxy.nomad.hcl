job "haproxy" {
  type        = "system"
  datacenters = ["dc1", "dc2"]

  group "lb" {
    network {
      mode = "host"
      port "http" { static = 80 }
      port "stats" { static = 1936 }
    }

    service {
      name = "haproxy"
      port = "stats"
      tags = ["metrics", "urlprefix-/haproxy strip=/haproxy auth=stats-users"]
      check {
        name     = "stats"
        type     = "http"
        path     = "/haproxy;csv"
        interval = "10s"
        timeout  = "2s"
        header {
          Authorization = ["Basic c3RhdHM6b2FrNTg2MA=="]
        }
      }
    }

    task "haproxy" {
      driver = "docker"
      config {
        image        = "haproxy:2.9-alpine"
        network_mode = "host"
        volumes      = ["local/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg"]
      }

      template {
        change_mode   = "signal"
        change_signal = "SIGHUP"
        destination   = "local/haproxy.cfg"
        data          = <<EOF
global
  maxconn 4096
  ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256
  stats socket /run/haproxy.sock mode 660 level admin

userlist intern
  user alice password $6$GBqTA05qJlgCvgnQ$ZIIJeccnSRac8MlWd6rmn04W0tgOLyKNNyxUL1A.sw1gqWFHdhOiSZMWRLP71QChBrqe2nf5rFTJDc2V425ZFS
  user bob insecure-password Canyon2021
  user deploy insecure-password a8a86196bce1a6dff05b

userlist dataplane
  user dpapi insecure-password {{ with secret "kv/data/haproxy" }}{{ .Data.data.dpapi }}{{ end }}

frontend stats
  bind *:1936
  stats enable
  stats uri /haproxy
  stats realm Haproxy\ Statistics
  stats auth stats:oak5860
  stats auth viewer:viewer

frontend http
  bind *:80
  acl auth_ok http_auth(intern)
  http-request auth realm Intern unless auth_ok
  http-request set-header X-Api-Key c85c463bcd43baa7a87017c1ac1ff84a5f0d50e6 if { path_beg /partner }
  http-request set-header Authorization "Bearer %[var(txn.token)]"
  cookie SESSIONTOKEN insert indirect nocache
  default_backend web

backend web
  balance roundrobin
  option httpchk
  http-check send meth GET uri /ready hdr X-Probe-Token emv1ejyen4lsv0mnowp2xdeh
{{ range service "web" }}
  server {{ .Node }} {{ .Address }}:{{ .Port }} check
{{ end }}
EOF
      }
    }
  }
}
