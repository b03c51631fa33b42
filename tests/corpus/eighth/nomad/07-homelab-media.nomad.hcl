job "media" {
  datacenters = ["keller"]

  group "dl" {
    network {
      mode = "bridge"
      port "qbt" { to = 8080 }
      port "sonarr" { to = 8989 }
    }

    task "gluetun" {
      driver = "docker"
      config {
        image   = "qmcgaw/gluetun:v3.39"
        cap_add = ["NET_ADMIN"]
      }
      env {
        VPN_SERVICE_PROVIDER  = "mullvad"
        VPN_TYPE              = "wireguard"
        WIREGUARD_PRIVATE_KEY = "N2785JZpLJOhm/lP5rOGlV3OmA49CXDRbkpHMlqE6+U="
        WIREGUARD_PUBLIC_KEY  = "W37DnNHVDlAA6DdFtec93Y0wEiSRXtOmH9arFQNH8kI="
        WIREGUARD_ADDRESSES   = "10.66.12.4/32"
        HTTPPROXY_USER        = "tim"
        HTTPPROXY_PASSWORD    = "hunter2hunter2"
      }
    }

    task "sonarr" {
      driver = "docker"
      config {
        image   = "lscr.io/linuxserver/sonarr:4.0.9"
        volumes = ["local/config.xml:/config/config.xml"]
      }
      template {
        destination = "local/config.xml"
        data        = <<-XML
        <Config>
          <BindAddress>*</BindAddress>
          <Port>8989</Port>
          <ApiKey>e48fc8aa9a065c9529915f84ed46da91</ApiKey>
          <AuthenticationMethod>Forms</AuthenticationMethod>
          <SslCertPassword></SslCertPassword>
          <Branch>main</Branch>
          <PostgresPassword>sonarr-86d5e262</PostgresPassword>
        </Config>
        XML
      }
    }

    task "exportarr" {
      driver = "docker"
      config {
        image = "ghcr.io/onedr0p/exportarr:v2.0.1"
        args  = ["sonarr", "--url", "http://localhost:8989", "--api-key", "e48fc8aa9a065c9529915f84ed46da91", "--port=9707"]
      }
    }

    task "qbittorrent" {
      driver = "docker"
      config {
        image = "lscr.io/linuxserver/qbittorrent:4.6.5@sha256:034861d4fb9d60cdd90d7be82e31e5a6a44b8520ae21b14f54c5b4bb1a26ffa5"
      }
      template {
        destination = "local/qBittorrent.conf"
        data        = <<-EOF
        [Preferences]
        WebUI\Port=8080
        WebUI\Username=tim
        WebUI\Password_PBKDF2="@ByteArray(ScX9cs0BpLdNOj7bNW0UXA==:RsdYlz2lAxX8Q5EGOehZ1J+J99OgsCHzT7bO0UYeJ+DNd8ylXhhHSzOUEL0iWexnuxl/enCctX9WwSGyWbMxzA==)"
        WebUI\LocalHostAuth=false
        WebUI\AuthSubnetWhitelist=192.168.7.0/24
        EOF
      }
      env {
        PUID = "1000"
        TZ   = "Europe/Berlin"
        # forum says the default login is printed in the log on first boot, no need to set one
        WEBUI_PORT = "8080"
      }
    }
  }
}
