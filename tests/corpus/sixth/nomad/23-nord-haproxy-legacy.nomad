job "nord-haproxy" {
  datacenters = ["hh0"]
  type = "service"

  "meta" {
    "team" = "infra"
    "jira.key" = "NORD-2210"
  }

  group "lb" {
    count = 2
    task "haproxy" {
      driver = "docker"
      config {
        image = "haproxy:2.4"
        network_mode = "host"
        auth {
          "username" = "pull"
          "password" = "Zugbrücke"
          "email"    = "infra@nordring.net"
        }
      }

      env {
        "STATS_USER"            = "stats"
        "STATS_PASSWORD"        = "Pegelst4nd"
        "KEEPALIVED_AUTH_PASS"  = "hy501r8b"
        "KEEPALIVED_AUTH_TYPE"  = "PASS"
        "DATAPLANE.API.SECRET"  = "asmpBLrkhaP73p98Hq91408budc9"
        "PASSIVE_CHECK"         = "yes"
      }

      template {
        destination = "local/haproxy.cfg"
        data = <<EOF
global
  stats socket /var/run/haproxy.sock mode 600
  tune.ssl.default-dh-param 2048

userlist ops
  user root   password $5$QTY9pciL$iSqVZQTy1CObV3rg.Uy2dDfUiw9Sv9nflTnbRmUkuQu
  user viewer insecure-password nurdurchsfenster

peers lb
  peer lb1 10.7.0.4:1024

backend redis
  option tcp-check
  tcp-check send AUTH\ r3disr3dis\r\n
  tcp-check expect string +OK
  server r1 10.7.0.30:6379 check

backend api
  http-request set-header X-Gateway-Secret bae01a4ead9109411ca6ac935b59512c
  http-request deny unless { req.hdr(X-Token) -m str "${API_TOKEN}" }
  stick-table type string len 64 size 100k expire 30m store http_req_rate(10s)
  stick on hdr(X-Auth-User)
  option httpchk GET /status HTTP/1.1\r\nHost:\ api\r\nAuthorization:\ Basic\ aGFwcm94eTpsZWJzdC1kdS1ub2No
  cookie SERVERID insert indirect nocache dynamic
  dynamic-cookie-key Keksdose
EOF
      }
    }
  }
}
