job "sso" {
  datacenters = ["par1"]

  group "keycloak" {
    task "keycloak" {
      driver = "docker"
      config {
        image = "quay.io/keycloak/keycloak:25.0"
        args = [
          "start", "--import-realm",
          "--db=postgres",
          "--db-url=jdbc:postgresql://pg.service.consul/keycloak",
          "--db-username=keycloak",
          "--db-password=7gWC06FfF5VZa1Rh3FAe",
          "--https-key-store-file=/secrets/server.p12",
          "--https-key-store-password=saddle8136",
          "--spi-truststore-file-password", "changeit24",
        ]
      }
      env {
        KC_BOOTSTRAP_ADMIN_USERNAME = "admin"
        KC_BOOTSTRAP_ADMIN_PASSWORD = "admin"
        KC_HOSTNAME                 = "sso.example.fr"
        KC_HTTPS_CERTIFICATE_KEY_FILE = "/secrets/tls.key"
        KC_FEATURES                 = "token-exchange,admin-fine-grained-authz"
      }
      template {
        destination = "local/import/realm.json"
        data        = <<EOF
{
  "realm": "mairie",
  "enabled": true,
  "accessTokenLifespan": 300,
  "passwordPolicy": "length(12) and notUsername(undefined) and passwordHistory(3)",
  "resetPasswordAllowed": true,
  "revokeRefreshToken": false,
  "smtpServer": {
    "host": "smtp.example.fr", "user": "sso@example.fr",
    "password": "Oak2025!"
  },
  "clients": [
    {
      "clientId": "portail",
      "clientAuthenticatorType": "client-secret",
      "secret": "XlEQuCykf0WyunJvxoy8tes32iQT055m",
      "attributes": { "client.secret.creation.time": "1717171717", "access.token.signed.response.alg": "RS256" }
    },
    { "clientId": "agenda", "secret": "**********", "publicClient": false }
  ],
  "users": [
    {
      "username": "hélène",
      "credentials": [ { "type": "password", "value": "Ete-à-la-mer-68", "temporary": false } ]
    },
    {
      "username": "import",
      "credentials": [ { "type": "password", "secretData": "{\"value\":\"8kAX49EOJVpezAt1TKJYgs+r/9qlVxXwWaqagglb5iG50Qy3E7qa7Lm/CW6eqhyjzGBGYX10Kivue+laUsaUhA==\",\"salt\":\"UMZbfunBbFYwj12GQhytqQ==\"}", "credentialData": "{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\"}" } ]
    }
  ],
  "components": {
    "org.keycloak.keys.KeyProvider": [
      { "name": "hmac", "providerId": "hmac-generated", "config": { "kid": ["68c4bf8a-ec41-43f5-90f1-db36bd4a9c85"], "secret": ["YbQJu7HFuETB_qN3x7YGMz7lNMTDQpU5ID5VSEa4emUj1RA3XXqvjvR7IKDwkXtSkTC7Io_pSsUbBGfbBeIo1A"], "priority": ["100"], "algorithm": ["HS256"] } }
    ]
  }
}
EOF
      }
    }

    task "bootstrap" {
      lifecycle { hook = "poststart" }
      driver = "raw_exec"
      config {
        command = "/bin/sh"
        args    = ["local/kc.sh"]
      }
      template {
        destination = "local/kc.sh"
        data        = <<-EOF
        #!/bin/sh
        KC=/opt/keycloak/bin/kcadm.sh
        $KC config credentials --server http://localhost:8080 --realm master --user admin --password admin
        $KC set-password -r mairie --username hélène --new-password 'Willow2024#'
        $KC create clients -r mairie -s clientId=grafana -s secret=GjNTJowiDhIbgOYveSz4BCN7qKMAO3W6 -s 'redirectUris=["https://g.example.fr/*"]'
        $KC create identity-provider/instances -r mairie -s alias=franceconnect -s config.clientSecret="4eca83d3cd099b49bdbc38c4d787344163601f835d77edcba7fe4e234f2b9784" -s config.clientId=f1ea54e0ddfb77c4f73c27c103c3fbf0
        $KC update realms/mairie -s ssoSessionIdleTimeout=1800 -f - < "${NOMAD_SECRETS_DIR}/realm-keys.json"
        EOF
      }
    }
  }
}
