job "nvr" {
  group "nvr" {
    task "frigate" {
      driver = "docker"
      config {
        image = "ghcr.io/blakeblackshear/frigate:0.14.1"
      }
      env {
        FRIGATE_RTSP_PASSWORD = "owl.at.the.window"
        PLUS_API_KEY          = "735b4ae3-8a9e-4cf1-905b-0d858040352d:0a689be254e32e68c69d459178d9bc32bc874b49"
      }
      template {
        destination = "local/frigate.yml"
        data        = <<EOH
mqtt:
  host: mqtt.example.net
  password: "{FRIGATE_MQTT_PASSWORD}"
go2rtc:
  streams:
    door:
      - rtsp://admin:N0rthDoor@192.168.7.21:554/cam/realmonitor?channel=1&subtype=0
      - "ffmpeg:door#audio=opus"
    yard: rtsp://{FRIGATE_RTSP_USER}:{FRIGATE_RTSP_PASSWORD}@192.168.7.22/live
    bird: "http://192.168.7.23/flv?port=1935&app=bcs&stream=channel0_main.bcs&user=viewer&password=bird-seed"
cameras:
  door:
    onvif:
      host: 192.168.7.21
      user: admin
      password: N0rthDoor
    ffmpeg:
      inputs: [{ path: "rtsp://127.0.0.1:8554/door", roles: [detect] }]
      output_args: { record: -f segment -segment_time 10 }
EOH
      }
    }
    task "restream" {
      driver = "docker"
      config {
        image   = "linuxserver/ffmpeg:7.0"
        args    = ["-i", "rtsp://127.0.0.1:8554/yard", "-c", "copy", "-f", "flv", "rtmps://live.example.net:443/app/i76SsKyl7UshWw7KDgTmvDzU"]
      }
    }
  }
}
