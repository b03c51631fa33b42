job "crowdsec" {
  group "lapi" {
    task "crowdsec" {
      driver = "docker"
      config {
        image = "crowdsecurity/crowdsec:v1.6.4"
      }
      env {
        COLLECTIONS          = "crowdsecurity/traefik crowdsecurity/sshd"
        ENROLL_KEY           = "ldsdvj1eg9cv4zncl45tt0ne0"
        ENROLL_INSTANCE_NAME = "edge-keys-01"
        BOUNCER_KEY_traefik  = "5e5a1d174975a587ad7e233757dffb6b"
        AGENT_USERNAME       = "edge"
        AGENT_PASSWORD       = "ELOmmPIFsgmhnx1my4ybaPpX6ayXHpQWdWj2RzsrJ1SYrpCQYUkGzL66TlYoHsJo"
        USE_TLS              = "false"
        DISABLE_PARSERS      = "crowdsecurity/whitelists"
      }
    }
    task "traefik" {
      driver = "docker"
      config {
        image = "traefik:v3.2"
      }
      template {
        destination = "local/dynamic.yml"
        data        = <<EOF
http:
  middlewares:
    bouncer:
      plugin:
        bouncer:
          enabled: true
          crowdsecMode: stream
          crowdsecLapiKey: 5e5a1d174975a587ad7e233757dffb6b
          crowdsecLapiHost: crowdsec.service.consul:8080
          redisCacheEnabled: true
          redisCachePassword: grenzzaun
          captchaProvider: hcaptcha
          captchaSiteKey: 28f732bf-69d8-49f0-9af6-03d2207eefaa
          captchaSecretKey: ES_1deb84b34a25325d59a992e1f4a35de2
          captchaGracePeriodSeconds: 1800
          forwardedHeadersCustomName: X-Real-IP
EOF
      }
    }
  }
}
