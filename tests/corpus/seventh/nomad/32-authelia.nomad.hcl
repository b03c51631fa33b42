job "authelia" {
  datacenters = ["home"]

  group "authelia" {
    task "authelia" {
      driver = "docker"
      config {
        image = "authelia/authelia:4.38.10"
        args  = ["--config", "/local/configuration.yml"]
      }

      env {
        AUTHELIA_NOTIFIER_SMTP_PASSWORD_FILE = "/secrets/smtp"
        AUTHELIA_SESSION_REDIS_PASSWORD_FILE = "/secrets/redis"
      }

      template {
        destination = "local/configuration.yml"
        data        = <<EOF
theme: dark
identity_validation:
  reset_password:
    jwt_secret: kjAC2yueWgot6rZ8bnTKjpqvvA8rJoXr2ZyUlkrOVz8KjjZpLSHI55zBnUzecfRX
    jwt_lifespan: 5 minutes
authentication_backend:
  password_reset: {disable: false}
  file:
    path: /secrets/users.yml
    password:
      algorithm: argon2
session:
  name: authelia_session
  secret: 'insecure-but-long-phrase-about-otters'
  cookies:
    - domain: finch-lane.net
      authelia_url: https://auth.finch-lane.net
storage:
  encryption_key: "h5BWjiy7Uo8eHVQYnmky2QBXzYEXz6oiAR5VS0fK8sYBEMND"
  mysql:
    address: tcp://mariadb.service.consul:3306
    database: authelia
    username: authelia
    password: otter_Raft-of-6
  # postgres:
  #   password: OtterPop12
identity_providers:
  oidc:
    hmac_secret: 449771d833424d61fcd25491215310a53e5356b6b3dacd8e7f05554b1e1e0ee0
    clients:
      - client_id: grafana
        client_secret: '$pbkdf2-sha512$310000$pwQEQ9UvS..szWuyo7SmuW$gZ.nmfpS8hI8DR0Izj0.JPLuhM12eI3tKC9kZGfhtY0h4mx6NDQjEOrudfC27BJICZ56IjpVPNVfpTSa6aefFa'
        token_endpoint_auth_method: client_secret_basic
      - client_id: jellyfin
        client_secret: '$plaintext$popcorn-sofa-friday'
        authorization_policy: two_factor
totp:
  issuer: finch-lane.net
  secret_size: 32
EOF
      }

      template {
        destination = "secrets/users.yml"
        perms       = "0400"
        data        = <<EOF
users:
  maren:
    displayname: Maren
    password: "$argon2id$v=19$m=65536,t=3,p=4$UmIx4bM18oHxd79ZhUPozV$R88/ivM/qUrMvwOR/kqxWoDoa6Pk6vu9ZWuYYmlfI1B"
    groups: [admins]
  guest:
    disabled: true
    password: "$6$rounds=50000$YHYNcMiKW.gE0Jhm$/zqV/XUaLYNgnvxBG0MgQ0sABE0vStsPrteQSSRRMNSlK9y5/Fc0Pc.crcJ7v0o6DaE3cCVXGfIoJpI0lH3dRU"
EOF
      }
    }
  }
}
