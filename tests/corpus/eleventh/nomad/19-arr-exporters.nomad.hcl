job "arr" {
  group "exporters" {
    task "sonarr-exporter" {
      driver = "docker"
      config {
        image = "ghcr.io/onedr0p/exportarr:v2.0.1"
        args  = ["sonarr"]
      }
      env {
        PORT   = "9707"
        URL    = "http://sonarr.service.consul:8989"
        APIKEY = "b0bcc497650320680f109a6baa6fa0e9"
      }
    }
    task "radarr-exporter" {
      driver = "docker"
      config {
        image = "ghcr.io/onedr0p/exportarr:v2.0.1"
        args  = ["radarr", "--api-key", "b77a4aed555fbb6a7fb17f1203a1bfc2", "--url", "http://radarr.service.consul:7878"]
      }
      env {
        PORT        = "9708"
        APIKEY_FILE = "/secrets/radarr.key"
      }
    }
    task "recyclarr" {
      driver = "docker"
      config {
        image = "ghcr.io/recyclarr/recyclarr:7.4.0"
      }
      template {
        destination = "local/recyclarr.yml"
        data        = <<EOF
sonarr:
  series:
    base_url: http://sonarr.service.consul:8989
    api_key: b0bcc497650320680f109a6baa6fa0e9
    quality_profiles:
      - name: WEB-1080p
    custom_formats:
      - trash_ids:
          - 3d05814a1e970b7b0799800b9d585353
          - f69e7dcb8ee79099c11e96bebe2c7623
radarr:
  movies:
    base_url: http://radarr.service.consul:7878
    api_key: !secret radarr_key
EOF
      }
    }
    task "overseerr-webhook" {
      driver = "docker"
      config {
        image = "ghcr.io/example/requestrr-bridge:1.2"
      }
      env {
        PLEX_TOKEN       = "PiVibgjTC3ShW9EiHA3J"
        PLEX_MACHINE_ID  = "c3ed152e7f6ea0076279a53586751b14605fa85a"
        TAUTULLI_API_KEY = "3019c8c5df1788622857c93caf01dfc3"
        NOTIFY_URL       = "https://discord.com/api/webhooks/1840105958562992380/NFhkmlfMXyrgOP1ujd9iShz_LQH3japxYi5DhXuYhZwrAOAAqj8DI3d9W781ioyeo7TZ"
      }
    }
  }
}
