job "jitsi" {
  group "jitsi" {
    task "prosody" {
      driver = "docker"
      config {
        image = "jitsi/prosody:stable-9823"
      }
      env {
        XMPP_DOMAIN           = "meet.jitsi"
        AUTH_TYPE             = "jwt"
        JWT_APP_ID            = "school"
        JWT_APP_SECRET        = "VMdPuU5bRgHwivQUSYhwA7okCemdlIYeITWBmGDP"
        JWT_ACCEPTED_ISSUERS  = "school-portal"
        JWT_TOKEN_AUTH_MODULE = "token_verification"
        JICOFO_AUTH_PASSWORD  = "b2bb52799f6f80a89854024069d8fea9"
        JVB_AUTH_PASSWORD     = "3925d0d93af68dad1bfe08e828b0c39a"
        JIBRI_XMPP_PASSWORD   = "jibri-band-3"
        TURN_CREDENTIALS      = "2RpjwSSuCTe6iCODz4LsPQypxXggHRhi"
        JWT_ALLOW_EMPTY       = "0"
      }
    }
    task "jicofo" {
      driver = "docker"
      config {
        image = "jitsi/jicofo:stable-9823"
      }
      env {
        JICOFO_AUTH_PASSWORD = "b2bb52799f6f80a89854024069d8fea9"
        JICOFO_AUTH_LIFETIME = "24 hours"
      }
    }
    task "jvb" {
      driver = "docker"
      config {
        image = "jitsi/jvb:stable-9823"
      }
      env {
        JVB_AUTH_USER     = "jvb"
        JVB_AUTH_PASSWORD = "3925d0d93af68dad1bfe08e828b0c39a"
        JVB_BREWERY_MUC   = "jvbbrewery"
      }
    }
  }
}
