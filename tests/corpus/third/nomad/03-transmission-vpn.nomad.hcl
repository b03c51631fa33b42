job "media" {
  group "media" {
    task "gluetun" {
      driver = "docker"
      config {
        image   = "qmcgaw/gluetun:v3"
        cap_add = ["NET_ADMIN"]
      }
      env {
        VPN_SERVICE_PROVIDER  = "mullvad"
        VPN_TYPE              = "wireguard"
        WIREGUARD_PRIVATE_KEY = "a5mc5Mq8jaQa7axuQElMWmKDe8ToYPUwxoFA+WDIEUw="
        WIREGUARD_ADDRESSES   = "10.64.222.21/32"
        OPENVPN_USER          = "p123456"
        OPENVPN_PASSWORD      = "wTz81kq"
        SHADOWSOCKS_PASSWORD  = "ss-tunnel-44"
        HEALTH_TARGET_ADDRESS = "1.1.1.1:443"
      }
    }
    task "transmission" {
      driver = "docker"
      config {
        image = "linuxserver/transmission:4.0.6"
      }
      env {
        USER           = "torrent"
        PASS           = "seedbox99"
        PEERPORT       = "51413"
        TRANSMISSION_WEB_HOME = "/flood"
      }
    }
    task "sonarr" {
      driver = "docker"
      config {
        image = "linuxserver/sonarr:4"
      }
      template {
        destination = "local/config.xml"
        data        = <<EOX
<Config>
  <Port>8989</Port>
  <ApiKey>c14f9a7e8b7adfc83004b47044b1c5ec</ApiKey>
  <AuthenticationMethod>Forms</AuthenticationMethod>
  <SslCertPassword></SslCertPassword>
  <PostgresPassword>sonarr4me</PostgresPassword>
</Config>
EOX
      }
    }
    task "unpackerr" {
      driver = "docker"
      config {
        image = "golift/unpackerr:0.14"
      }
      env {
        UN_SONARR_0_URL     = "http://127.0.0.1:8989"
        UN_SONARR_0_API_KEY = "c9e8c6cfd48bfd652ebd48b95096bec5"
        UN_WEBHOOK_0_URL    = "https://discord.com/api/webhooks/393182275886064400/Xbs2DTxpxKy1zyanm50nRS6AFFrWSMwK2Gh1TsB0ExAEbKJrbHhEVKCAn0q0bNla_eNA"
      }
    }
  }
}
