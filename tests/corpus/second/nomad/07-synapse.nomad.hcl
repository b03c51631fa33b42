job "matrix" {
  group "synapse" {
    task "synapse" {
      driver = "docker"
      config {
        image   = "matrixdotorg/synapse:v1.113.0"
        volumes = ["secrets/homeserver.yaml:/data/homeserver.yaml", "secrets/telegram.yaml:/data/telegram.yaml"]
      }
      template {
        destination = "secrets/homeserver.yaml"
        perms       = "440"
        data        = <<EOH
server_name: "example.net"
pid_file: /data/homeserver.pid
listeners:
  - port: 8008
    type: http
    resources: [{ names: [client, federation], compress: false }]
database:
  name: psycopg2
  args:
    user: synapse
    password: 7 samovars on parade
    host: {{ range service "postgres" }}{{ .Address }}{{ end }}
    cp_max: 10
registration_requires_token: true
registration_shared_secret: "TV6fdcf0-j5zXawecdwWQ7XkfuZYikQkNDU0ZKqZgvAARIBSfn"
macaroon_secret_key: "7R12rI7MC2lNIeec82XzbaP-JUBi0gR4_L-1QWAWDy-G00ODJW"
form_secret: ";*w0Uq4gq9ZXbaACR9nW2Z&.bPqwljrSKW"
signing_key_path: "/data/example.net.signing.key"
turn_shared_secret: 5b2a991373c56288996b6a5422bb0346f7227402aca995c448da17ce91c2bdd4
turn_user_lifetime: 86400000
trusted_key_servers:
  - server_name: "matrix.org"
    verify_keys:
      "ed25519:auto": "lPQkTZdbNjaCkQ0iDCPsfpjQG2jZoGzfrue6HdTQ10o"
password_config:
  enabled: false
  pepper: "qGyPdFnJociV2adFEe7xmcBnBSDAkf5o"
email:
  smtp_pass: 'it''s always tea-time'
EOH
      }
      template {
        destination = "secrets/telegram.yaml"
        data        = <<EOH
id: telegram
as_token: Bo_v9e6sk0YM919__UNJ58zjjSSVFuNzjs6uIJ0jQv0Md30z6KeLldhrl3A22_3g
hs_token: M0reQsNPjN9zKK4KPagcta5_t3hKMlwYIq5zT_2ToIw3YEcxqYTpSsFX6FlI8vjt
sender_localpart: rm3y566knk356lw4tvfg
namespaces: { users: [{ exclusive: true, regex: '@telegram_.*:example\.net' }] }
url: http://127.0.0.1:29317
EOH
      }
    }
  }
}
