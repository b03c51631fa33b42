job "keycloak" {
  datacenters = ["fsn1", "nbg1"]

  group "sso" {
    network {
      port "http" {}
    }

    task "keycloak" {
      driver = "docker"

      config {
        image = "quay.io/keycloak/keycloak:25.0.6"
        ports = ["http"]
        args = [
          "start", "--import-realm",
          "--db=postgres",
          "--db-url=jdbc:postgresql://10.20.0.14/keycloak",
          "--db-username=keycloak",
          "--db-password=Xk7_marbleTopaz",
          "--https-key-store-file=/secrets/kc.p12",
          "--https-key-store-password", "16hcxk9ud8l8quw7",
          "--https-certificate-key-file=/secrets/tls.key",
        ]
        volumes = ["local/realm.json:/opt/keycloak/data/import/realm.json"]
      }

      env {
        KC_BOOTSTRAP_ADMIN_USERNAME = "admin"
        KC_BOOTSTRAP_ADMIN_PASSWORD = "Gr0undhog!Day-2024"
        KC_HOSTNAME                 = "sso.kestrelworks.net"
      }

      template {
        destination = "local/realm.json"
        data        = <<-EOF
          {
            "realm": "staff",
            "enabled": true,
            "passwordPolicy": "length(12) and notUsername(undefined)",
            "accessTokenLifespan": 900,
            "resetPasswordAllowed": true,
            "clients": [
              {
                "clientId": "grafana",
                "clientAuthenticatorType": "client-secret",
                "secret": "md8QX9tfPXd5Ds2yBiX8HXl3h6tmt195",
                "redirectUris": ["https://stats.kestrelworks.net/login/generic_oauth"]
              },
              {
                "clientId": "outline",
                "publicClient": false,
                "secret": "{{ key "sso/outline/secret" }}"
              }
            ],
            "smtpServer": {
              "host": "mail.kestrelworks.net",
              "user": "sso@kestrelworks.net",
              "password": "quick\"brown\"Badger7"
            }
          }
        EOF
      }
    }
  }
}
