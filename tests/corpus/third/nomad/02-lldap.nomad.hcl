job "auth" {
  group "auth" {
    task "lldap" {
      driver = "docker"
      config {
        image = "lldap/lldap:stable"
      }
      env {
        LLDAP_JWT_SECRET     = "1ZOB1eQ5rJy8it9WC2BPMSTg4Pr9je4J"
        LLDAP_LDAP_USER_PASS = "Brombeere!2023"
        LLDAP_LDAP_BASE_DN   = "dc=example,dc=net"
        LLDAP_KEY_SEED       = "hJk0FxpryMfFx5jeCw830MdTcV9n25m2"
        LLDAP_KEY_FILE       = ""
        TZ                   = "Europe/Berlin"
      }
    }
    task "authelia" {
      driver = "docker"
      config {
        image   = "authelia/authelia:4.38"
        volumes = ["local/configuration.yml:/config/configuration.yml"]
      }
      template {
        destination = "local/configuration.yml"
        data        = <<EOH
---
theme: dark
jwt_secret: 3sYBckgBYcBcL49HaR9dLLqbxv1e2SC2zA1YsHJWwF2420VKLFSJa5JCdtetDJp9
default_redirection_url: https://auth.example.net
totp:
  issuer: authelia.com
authentication_backend:
  password_reset: { disable: false }
  ldap:
    implementation: custom
    url: ldap://127.0.0.1:3890
    user: uid=admin,ou=people,dc=example,dc=net
    password: 'Brombeere!2023'
session:
  name: authelia_session
  secret: RjnYXN760DlAJdI8Ssm3l9VOzlDLPdT6E290cpLDTNZDHjY3
  expiration: 1h
  redis:
    host: redis.service.consul
    password: kjh3-22Lpq
storage:
  encryption_key: ga4uqtVMQnBf5Kh58Hw4WHrnRTl3vp6vV0pPjRUda0pl
  postgres:
    password: {{ with nomadVar "nomad/jobs/auth" }}{{ .pg }}{{ end }}
notifier:
  smtp: { username: auth@example.net, password: "mailgun-7x7", sender: "Auth <auth@example.net>" }
identity_providers:
  oidc:
    hmac_secret: RjVI3O9W6gozVsgouRxS7RPBcvDjNtUScXTQGMFV
    clients:
      - id: portainer
        secret: '$pbkdf2-sha512$310000$Wz2P1uZaiZuJ1gHD18HiEG$JAGT2omjEkSv0j2C3SAuKhaGEYqRLlIdJ0FiRnt493mxwXG63i624KUe4s4zeIKybfJ9pR4iVO8gz7e8yNbVhA'
        token_endpoint_auth_method: client_secret_post
EOH
      }
    }
  }
}
