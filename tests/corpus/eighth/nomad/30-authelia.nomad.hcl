job "authelia" {
  datacenters = ["keller"]
  group "auth" {
    network {
      port "http" { to = 9091 }
    }
    task "authelia" {
      driver = "docker"
      config {
        image   = "authelia/authelia:4.38"
        volumes = ["secrets:/config"]
      }
      template {
        destination = "secrets/users.yml"
        data        = <<EOF
users:
  tim:
    displayname: Tim
    # generated with: authelia crypto hash generate argon2 --password '<secret>'
    password: "$argon2id$v=19$m=65536,t=3,p=4$LvUcUjMHW67i+gQ5/1Ydo6$CFNt3IgeKpubq/5Eb07sLm5svL33Mow7TIdElzUu2Wu"
    email: tim@keller.example
    groups: [admins]
  oma:
    password: '$6$rounds=50000$BsCSQALhKLFzJKT3$hvJpYnlZ9Cj5N9junJROgJC/SDLZd0oLvep7TsZqhuyITomOFOmT4T9uqO7MG/b.Fb3C8/3NAcLxwJlaAxDLaB'
    disabled: false
EOF
      }
      template {
        destination = "secrets/configuration.yml"
        data        = <<EOF
identity_validation:
  reset_password:
    jwt_secret: eljNVVWiYMus3R70FhqIHzsvFCPzDj9Y84zcbbh6mOvZOuvs3a13stitR53AbRDA
session:
  name: authelia_session
  secret: 'insecure_session_secret'
  expiration: 12h
storage:
  encryption_key: "you_will_never_guess_this_one_2020"
  postgres:
    address: tcp://pg.keller.example:5432
    password: {{ key "authelia/pg" }}
identity_providers:
  oidc:
    hmac_secret: sB4gxp0viC1tVVv4H2IkyMkZlNBWZm417v62NYp16CV9MsSZ
    clients:
      - client_id: grafana
        client_secret: '$pbkdf2-sha512$310000$ZcvHvBmvUKDWUlMsGDMZpV$/E3L64/31QC4fOYy4dA9ZYeWgsiGA5PSIb6hzzBEVs9F4Sn49ka.vNsmoSjEUiKhbygLrwoScpYK1eaQdhLNR/'
        token_endpoint_auth_method: client_secret_post
        authorization_policy: two_factor
      - client_id: gitea
        client_secret: '$plaintext$g1t34-oidc-rwy0xvyi'
notifier:
  smtp:
    address: submissions://smtp.keller.example:465
    username: auth
    password: "Pfeffer+Salz12"
EOF
      }
    }
  }
}
