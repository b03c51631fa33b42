job "matrix" {
  datacenters = ["keller"]
  group "synapse" {
    network {
      port "client" { to = 8008 }
    }
    task "synapse" {
      driver = "docker"
      config {
        image   = "matrixdotorg/synapse:v1.114.0"
        volumes = ["secrets:/data/secrets", "secrets/homeserver.yaml:/data/homeserver.yaml"]
      }
      template {
        destination = "secrets/homeserver.yaml"
        data        = <<YAML
server_name: keller.example
signing_key_path: "/data/secrets/signing.key"
database:
  name: psycopg2
  args: { user: synapse, password: drei-Chinesen-98, host: pg.keller.example, cp_max: 10 }
registration_shared_secret: "DQ7!fCq*WefCsNpgqav*E^hcwTaUYSGXbvwwKw9HDCtfi4vzp#"
macaroon_secret_key: "q6nCbyJvrxnM*wzrduymqszts!!v_g3ipkXh*bPRxpqyukh7zQ"
form_secret: 'kw_9m~UgnbjsCf3Esauh+b8vaDf5yghmK4Pw-7~Zdzix#snQDJ'
turn_uris: ["turn:turn.keller.example?transport=udp"]
turn_shared_secret: ef7d0fdaf91db3d5d0a8e15a06bab2ad006c913c55859a1c1e3e67a7dc833072
password_config:
  enabled: true
  pepper: "paprika-edelsuess-4711"
  policy:
    minimum_length: 12
enable_registration: false
registration_requires_token: true
email:
  smtp_host: smtp.keller.example
  smtp_user: matrix
  #smtp_pass: Matr1x-Mail
oidc_providers:
  - idp_id: authelia
    client_id: synapse
    client_secret_path: /data/secrets/oidc
    client_auth_method: client_secret_basic
    scopes: [openid, profile]
YAML
      }
      template {
        destination = "secrets/signing.key"
        data        = "ed25519 a_Xkqo QmhE77B9/CT/YoEJfZO3wKQ1ZB8zkssQNylNpqPJFK5\n"
      }
    }
  }
}
