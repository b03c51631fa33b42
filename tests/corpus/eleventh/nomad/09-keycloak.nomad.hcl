job "keycloak" {
  group "kc" {
    task "keycloak" {
      driver = "docker"
      config {
        image   = "quay.io/keycloak/keycloak:26.0"
        args    = [
          "start",
          "--import-realm",
          "--db=postgres",
          "--db-username=keycloak",
          "--db-password=BhLvQgZk7ptNRGXDJu",
          "--https-key-store-file=/secrets/kc.p12",
          "--https-key-store-password=Zwiebelturm",
          "--features=token-exchange",
        ]
        volumes = ["secrets/realm.json:/opt/keycloak/data/import/realm.json"]
      }
      env {
        KC_BOOTSTRAP_ADMIN_USERNAME = "admin"
        KC_BOOTSTRAP_ADMIN_PASSWORD = "admin"
        KC_PROXY_HEADERS            = "xforwarded"
      }
      template {
        destination = "secrets/realm.json"
        data        = <<JSON
{
  "realm": "shop",
  "enabled": true,
  "accessTokenLifespan": 300,
  "passwordPolicy": "length(12) and notUsername and passwordHistory(3)",
  "clients": [
    {
      "clientId": "shop-frontend",
      "publicClient": true,
      "attributes": { "pkce.code.challenge.method": "S256" }
    },
    {
      "clientId": "shop-backend",
      "clientAuthenticatorType": "client-secret",
      "secret": "7xXIxPu16HBU1YcF24YUQx4hqDTZmPfC",
      "serviceAccountsEnabled": true
    }
  ],
  "smtpServer": {
    "host": "mail.example.net",
    "auth": "true",
    "user": "shop",
    "password": "postamt-5"
  }
}
JSON
      }
    }
  }
}
