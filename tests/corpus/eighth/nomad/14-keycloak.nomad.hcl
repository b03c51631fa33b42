job "sso" {
  datacenters = ["wydzial"]
  namespace   = "infra"

  group "keycloak" {
    count = 1
    network {
      port "https" { static = 8443 }
    }

    service {
      name     = "sso"
      port     = "https"
      provider = "consul"
      tags = [
        "urlprefix-sso.kis.example/",
        "monitor.basic_auth=nagios:Nag10s-kis",
        "token-realm=studenci",
      ]
      check {
        name     = "realm"
        type     = "script"
        task     = "keycloak"
        command  = "/bin/bash"
        args     = ["-c", "/opt/keycloak/bin/kcadm.sh config credentials --server http://localhost:8080 --realm master --user probe --password sonda%Kis9 >/dev/null"]
        interval = "60s"
        timeout  = "10s"
      }
    }

    task "keycloak" {
      driver = "docker"
      config {
        image = "quay.io/keycloak/keycloak:25.0.4"
        args  = ["start", "--import-realm", "--https-key-store-password=d35KuK0hiqgbOVTe", "--https-key-store-file=/secrets/kc.p12", "--spi-password-hashing-provider=argon2"]
      }
      env {
        KC_DB                       = "mariadb"
        KC_DB_URL                   = "jdbc:mariadb://db.kis.example/keycloak?user=kc&password=Bramka_Katedry_3&useSSL=true"
        KEYCLOAK_ADMIN              = "admin"
        KEYCLOAK_ADMIN_PASSWORD     = "admin"
        KC_HOSTNAME                 = "sso.kis.example"
        KC_HTTPS_CERTIFICATE_KEY_FILE = "/secrets/tls.key"
      }
      template {
        destination = "local/import/realm.json"
        left_delimiter  = "[["
        right_delimiter = "]]"
        data        = <<EOF
{"realm":"studenci","enabled":true,"passwordPolicy":"length(10) and digits(1)","accessTokenLifespan":300,
 "clients":[
  {"clientId":"moodle","secret":"OyiiVMp1IXj1OUS9BvkZFzjwW6YfF34I","redirectUris":["https://moodle.kis.example/*"]},
  {"clientId":"nextcloud","secret":"[[ key "sso/nextcloud_secret" ]]"},
  {"clientId":"spa","publicClient":true}],
 "users":[{"username":"tester","enabled":true,"credentials":[{"type":"password","value":"tester-Lab204","temporary":false}]}],
 "smtpServer":{"host":"smtp.kis.example","auth":"true","user":"sso","password":"Wyslij-To7"}
}
EOF
      }
    }
  }
}
