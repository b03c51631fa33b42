job "jitsi" {
  group "jitsi" {
    task "prosody" {
      driver = "docker"
      config { image = "jitsi/prosody:stable-9646" }
      env {
        JICOFO_AUTH_PASSWORD  = "1c1043dceed95c47c2597a57a3d9c0c6"
        JVB_AUTH_USER         = "jvb"
        JVB_AUTH_PASSWORD     = "412662f18d86097ca3478e7a3aaf66ad"
        JIGASI_XMPP_PASSWORD  = "passw0rd"
        ENABLE_AUTH           = "1"
        AUTH_TYPE             = "jwt"
        JWT_APP_ID            = "meet"
        JWT_APP_SECRET        = "herons at 5 o'clock"
        JWT_ACCEPTED_ISSUERS  = "meet,calendar"
        JWT_ALLOW_EMPTY       = "0"
      }
      template {
        destination = "local/meet.cfg.lua"
        data        = <<EOL
VirtualHost "meet.example.net"
    authentication = "internal_hashed"
    app_id = "meet";
    app_secret = "herons at 5 o'clock";
    -- app_secret = "herons at 4 o'clock"
    ssl = { key = "/config/certs/meet.key"; certificate = "/config/certs/meet.crt"; }
    turncredentials_secret = "md_vdWbZ68q0bAFT36hEZPzN";
Component "focus.meet.example.net" "client_proxy"
    target_address = "focus@auth.meet.example.net"
Component "jitsi-videobridge.meet.example.net"
    component_secret = os.getenv("JVB_COMPONENT_SECRET")
EOL
      }
    }
    task "jicofo" {
      driver = "docker"
      config {
        image = "jitsi/jicofo:stable-9646"
      }
      env {
        JICOFO_AUTH_PASSWORD = "1c1043dceed95c47c2597a57a3d9c0c6"
      }
    }
  }
}
