job "downloads" {
  group "downloads" {
    task "gluetun" {
      driver = "docker"
      lifecycle {
        hook    = "prestart"
        sidecar = true
      }
      config {
        image   = "qmcgaw/gluetun:v3.39.1"
        cap_add = ["NET_ADMIN"]
      }
      env {
        VPN_SERVICE_PROVIDER   = "airvpn"
        VPN_TYPE               = "wireguard"
        WIREGUARD_PRIVATE_KEY  = "djxO3KHui18NiDSpqBsNlJvtHao3j2/5IRIxGfJ/k2Y="
        WIREGUARD_PRESHARED_KEY = "unvep8sjrRq1l9Ru0HjyKD7b3fPUgNYGLGBdHUxei6M="
        WIREGUARD_PUBLIC_KEY   = "iRUd6R/dNvNjgRwkAYnt4EHZ/33OetEXLEF9HPLOCMQ="
        WIREGUARD_ADDRESSES    = "10.131.78.4/32,fd7d:76ee:e68f:a993::4/128"
        SERVER_COUNTRIES       = "Netherlands"
        HTTPPROXY              = "on"
        HTTPPROXY_USER         = "proxy"
        HTTPPROXY_PASSWORD     = "tulp3nveld"
        SHADOWSOCKS            = "off"
        SHADOWSOCKS_CIPHER     = "chacha20-ietf-poly1305"
        HTTP_CONTROL_SERVER_AUTH_CONFIG_FILEPATH = "/gluetun/auth/config.toml"
      }
    }
    task "qbittorrent" {
      driver = "docker"
      config {
        image        = "lscr.io/linuxserver/qbittorrent:5.0.2"
        network_mode = "container:gluetun-${NOMAD_ALLOC_ID}"
      }
      template {
        destination = "local/qBittorrent.conf"
        data        = <<EOF
[Preferences]
WebUI\Username=torrent
WebUI\Password_PBKDF2="@ByteArray(Jy7Naf+oPqmCc0zYgELi5a==:u3a53obC0mL686wzJdld63bmcKryC1s2hLwcymZ3H/GbyIru9gg0UDRpCjr/pV/+l1SMG674Clt3GJBmVubwjS==)"
WebUI\SessionTimeout=3600
WebUI\CSRFProtection=true
WebUI\AuthSubnetWhitelist=10.0.0.0/8
EOF
      }
    }
  }
}
