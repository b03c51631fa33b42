job "hosting" {
  group "panel" {
    task "panel" {
      driver = "docker"

      config {
        image = "registry.attichost.example/panel:8"
      }

      template {
        destination = "local/my.cnf"
        data        = <<EOF
[client]
user=panel
password=rafter_beam
ssl-key=/secrets/client.pem
[mysqld]
default_authentication_plugin=mysql_native_password
EOF
      }

      template {
        destination = "local/ldap.conf"
        data        = <<EOF
uri ldap://ldap.attichost.example
binddn cn=panel,dc=attichost,dc=example
bindpw skylight7
tls_reqcert never
pam_password crypt
EOF
      }

      template {
        destination = "local/redis.conf"
        data        = <<EOF
requirepass dormerwindow
masterauth dormerwindow
user default on >eavesdrop ~* +@all
user metrics on nopass +info
EOF
      }

      template {
        destination = "local/panel.toml"
        data        = <<EOF
secret = {{ env "PANEL_SECRET" | toJSON }}
[session]
secret = "lathandplaster"
token_lookup = "header:Authorization"
EOF
      }
    }
  }
}
