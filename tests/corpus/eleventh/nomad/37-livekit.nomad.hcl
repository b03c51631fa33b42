job "livekit" {
  group "sfu" {
    task "livekit" {
      driver = "docker"
      config {
        image        = "livekit/livekit-server:v1.8.0"
        network_mode = "host"
        args         = ["--config", "/local/livekit.yaml"]
      }
      template {
        destination = "local/livekit.yaml"
        data        = <<EOF
port: 7880
redis:
  address: redis.service.consul:6379
  password: sendemast2
keys:
  APIWSLFmyiQi9gL: nex8uYtk0geToRHfFEcDrFPz9nSjfdgNJWQzojXKVdI
turn:
  enabled: true
  domain: turn.example.com
  cert_file: /certs/turn.crt
webhook:
  api_key: APIhookdemo7
  urls: ["https://meet.example.com/api/livekit"]
EOF
      }
    }
    task "egress" {
      driver = "docker"
      config {
        image = "livekit/egress:v1.9"
      }
      env {
        EGRESS_CONFIG_BODY = "{\"api_secret\":\"nex8uYtk0geToRHfFEcDrFPz9nSjfdgNJWQzojXKVdI\",\"ws_url\":\"ws://127.0.0.1:7880\",\"s3\":{\"secret\":\"06rcRlCPp7TGtskEDiPUO81co1wB2PfYXOCWQLXu\",\"bucket\":\"recordings\"}}"
      }
    }
    task "coturn" {
      driver = "docker"
      config {
        image        = "coturn/coturn:4.6.2"
        network_mode = "host"
        args         = ["-n", "--realm=turn.example.com", "--use-auth-secret", "--static-auth-secret=c690ff15b343e363c9dd569142d64f3e08bef9c2c61f84d43be07718f9cd3d68", "--cli-password=eisvogel12", "--pkey=/certs/turn.key"]
      }
    }
  }
}
