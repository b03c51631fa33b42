job "matrix" {
  group "synapse" {
    task "synapse" {
      driver = "docker"
      config {
        image = "matrixdotorg/synapse:v1.116.0"
      }
      template {
        destination = "secrets/homeserver.yaml"
        data        = <<EOF
server_name: plausch.example
signing_key_path: /data/plausch.example.signing.key
trusted_key_servers:
  - server_name: matrix.org
    verify_keys:
      "ed25519:auto": "-X1Bdy60lt7THwAKiJ3yXCKfxqYUZ0G1MDulp-ERPnw"
database:
  name: psycopg2
  args: { user: synapse, password: "8mnaitHtweB0BMaPxTas", host: 10.6.0.3, cp_max: 10 }
registration_shared_secret: "wOI4xuBk?c4=SokLkSGytDQ*nEbDFKGputDhJsY+QKW@cdl*"
macaroon_secret_key: "u-vclTUjj9f1Jke?.RQtbzvNF:A.Je*=ccQUh@rlW:RkQ:^x"
form_secret: Kaffeeklatsch um vier bei Oma Lotte
turn_uris: ["turn:turn.plausch.example?transport=udp"]
turn_shared_secret: "fd39623e8baff443f202b18f12f0dc3dad2dd9bb73238c3bbfed072c61909335"
turn_user_lifetime: 86400000
enable_registration: false
registration_requires_token: true
password_config:
  enabled: true
  pepper: 'lcS43InJxMejPKzvoCzlU85xW1cmNvgH'
  policy: { minimum_length: 12 }
oidc_providers:
  - idp_id: authentik
    client_id: EC0uUopyXZTDN5wBawUMH8AmCjDssJZ2qnBztMoN
    client_secret_path: /secrets/oidc
email:
  smtp_pass: {{ with nomadVar "nomad/jobs/matrix" }}{{ .smtp_pass }}{{ end }}
EOF
      }
    }
    task "coturn" {
      driver = "docker"
      config {
        image = "coturn/coturn:4.6"
        args  = ["--use-auth-secret", "--static-auth-secret=fd39623e8baff443f202b18f12f0dc3dad2dd9bb73238c3bbfed072c61909335", "--realm=plausch.example", "--cli-password=qwertz-turn"]
      }
    }
  }
}
