job "dns" {
  group "dns" {
    task "pdns" {
      driver = "docker"
      config { image = "powerdns/pdns-auth-49:4.9.1" }
      template {
        destination = "local/pdns.conf"
        data        = <<EOF
launch=gmysql
gmysql-user=pdns
gmysql-password=name-server-name
api=yes
api-key=g84XCr8mw3ePgJzTIzkzPbsYhqheZpsB
webserver-password=pdns
default-ksk-algorithm=ecdsa256
EOF
      }
    }
    task "bind" {
      driver = "docker"
      config { image = "internetsystemsconsortium/bind9:9.20" }
      template {
        destination = "local/named.conf"
        data        = <<EOF
key "ddns-update" {
  algorithm hmac-sha256;
  secret "ozfYRxqK9w/RGpsHUihBRmqgtAJJqmJQyiH+Tp3VVsw=";
};
controls { inet 127.0.0.1 allow { localhost; } keys { "rndc-key"; }; };
zone "example.net" { type primary; file "/var/lib/bind/example.net"; allow-update { key "ddns-update"; }; };
EOF
      }
      template {
        destination = "local/example.net.zone"
        data        = <<EOF
@ IN SOA ns1 hostmaster ( 2024090101 7200 3600 1209600 300 )
mail._domainkey IN TXT "v=DKIM1; k=rsa; p=gr66diiRKncWx57Zfr3/w83fF1r1fKwA/WOec65/PTV9hSuMTHxv46z0noy2CmKRCdNd6/wgRVFYfStBj/x7ETyVyTc9PU+UMG07at1LK8c5AXNc57lGdCVIjukm+dic1bFmIsq7ebpPhsqwK4cUPGDJCHkmApsxY2DcAOlr9bqQX81HPfEJWPpVQWFduiR4yDyw/SufqFcZYKQj1u+imqo9"
_acme-challenge IN TXT "588UlEwucOefnV7oFX7V15kGo06VpqKhjnZgs6q7Av4"
@ IN DNSKEY 257 3 13 yd1RWsNVzsutuysFnYFblGuZxjSw+YO8N5yP91Ifkx+iKl2oWrhnt+lyXmUUMevhtbs4HB613AYL8+MZl+m2hg==
EOF
      }
      env {
        RFC2136_TSIG_KEY    = "ddns-update."
        RFC2136_TSIG_SECRET = "Sg1/wkBUAjILt4c397f+GXdACG1dw25UeweIzKMiOqs="
        RFC2136_TSIG_ALGORITHM = "hmac-sha256."
        HETZNER_API_KEY     = "wxyYpf3qhFdd2ReqZNfomX3Yo9QwxDjV"
      }
    }
  }
}
