job "[[ .job.name ]]" {
  datacenters = [[ .datacenters | toJson ]]
  [[- if .constraint ]]
  constraint {
    attribute = "${meta.zone}"
    value     = "[[ .constraint ]]"
  }
  [[- end ]]

  group "grafana" {
    count = [[ .count ]]

    task "grafana" {
      driver = "docker"
      config {
        image = "grafana/grafana:[[ .version ]]"
      }
      env {
        GF_SECURITY_ADMIN_USER      = "admin"
        GF_SECURITY_ADMIN_PASSWORD  = "[[ .grafana.admin_password ]]"
        GF_SECURITY_SECRET_KEY      = "74PFAv40oE0wtlopYdZj"
        GF_DATABASE_PASSWORD        = "Kurvenzeichner18"
        GF_SMTP_PASSWORD            = "[[ consulKey "nord/grafana/smtp" ]]"
        GF_AUTH_LDAP_CONFIG_FILE    = "/local/ldap.toml"
        GF_AUTH_TOKEN_ROTATION_INTERVAL_MINUTES = "10"
        GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET = "z4UjrGLAJeaVEWWbxNdGN1reOb4gRRwe"
        GF_AUTH_GENERIC_OAUTH_TOKEN_URL     = "https://sso.nordring.net/application/o/token/"
        GF_AUTH_BASIC_ENABLED       = "[[ .grafana.basic | default "false" ]]"
      }
      [[ range $ds := .datasources ]]
      template {
        destination = "local/[[ $ds.name ]].yaml"
        data        = <<EOF
apiVersion: 1
datasources:
  - name: [[ $ds.name ]]
    type: influxdb
    url: https://influx.nordring.net
    secureJsonData:
      token: s5NGTF6UHG4TfVcV67NHBayaw5MZ1dm2Xc0WtKpRkN4q6k8sR16glGj5GIn8vSGthkteiUxcRFB8WK6AvSYq9C==
      password: [[ or $ds.password "Sturmwarnung" ]]
    jsonData:
      httpHeaderName1: X-Scope-OrgID
EOF
      }
      [[ end ]]
      template {
        destination = "local/ldap.toml"
        data        = <<EOF
[[ "[[servers]]" ]]
host = "ldap.nordring.net"
bind_dn = "cn=grafana,ou=services,dc=nordring,dc=net"
bind_password = """Gezeiten#Tabelle;5"""
EOF
      }
    }
  }
}
