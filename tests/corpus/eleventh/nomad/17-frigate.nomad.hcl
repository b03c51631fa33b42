job "frigate" {
  group "nvr" {
    task "frigate" {
      driver = "docker"
      config {
        image      = "ghcr.io/blakeblackshear/frigate:0.14.1"
        shm_size   = 268435456
        privileged = true
      }
      env {
        FRIGATE_RTSP_PASSWORD = "Rfk2okdDFUfo"
        FRIGATE_MQTT_PASSWORD = "eulenauge"
        PLUS_API_KEY          = "f1408e12-817c-4186-8db1-2ff49aa66e94:78953f9710afc25389c985841ddc08ff7cb105f7"
      }
      template {
        destination = "local/config.yml"
        data        = <<EOF
mqtt:
  host: mqtt.service.consul
  user: frigate
  password: "{FRIGATE_MQTT_PASSWORD}"
auth:
  enabled: true
  cookie_name: frigate_token
  session_length: 86400
  failed_login_rate_limit: "1/second;5/minute"
go2rtc:
  streams:
    drive:
      - rtsp://viewer:tor.blick.7@192.168.40.11:554/h264Preview_01_main
    garden:
      - rtsp://viewer:{FRIGATE_RTSP_PASSWORD}@192.168.40.12:554/stream1
    bell:
      - "http://192.168.40.13/flv?port=1935&app=bcs&stream=channel0_main.bcs&user=viewer&password=kling3ling"
cameras:
  drive:
    ffmpeg:
      inputs:
        - path: rtsp://127.0.0.1:8554/drive
          input_args: preset-rtsp-restream
    onvif:
      host: 192.168.40.11
      user: viewer
      password: tor.blick.7
EOF
        left_delimiter  = "[["
        right_delimiter = "]]"
      }
    }
  }
}
