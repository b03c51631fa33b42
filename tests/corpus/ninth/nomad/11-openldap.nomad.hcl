job "ldap" {
  group "ldap" {
    task "slapd" {
      driver = "docker"
      config {
        image   = "osixia/openldap:1.5.0"
        args    = ["--loglevel", "debug"]
        volumes = ["local/seed.ldif:/container/service/slapd/assets/config/bootstrap/ldif/custom/50-seed.ldif"]
      }
      env {
        LDAP_ORGANISATION           = "Example"
        LDAP_DOMAIN                 = "example.net"
        LDAP_ADMIN_PASSWORD         = "Wurzel&Stamm!"
        LDAP_CONFIG_PASSWORD        = "config"
        LDAP_READONLY_USER          = "true"
        LDAP_READONLY_USER_USERNAME = "reader"
        LDAP_READONLY_USER_PASSWORD = "nur-lesen-2024"
        LDAP_TLS_KEY_FILENAME       = "ldap.key"
        LDAP_TLS_VERIFY_CLIENT      = "try"
      }
      template {
        destination = "local/seed.ldif"
        data        = <<EOF
dn: ou=services,dc=example,dc=net
objectClass: organizationalUnit
ou: services

dn: cn=gitea,ou=services,dc=example,dc=net
objectClass: simpleSecurityObject
objectClass: organizationalRole
cn: gitea
description: binds with a simple password
userPassword: {SSHA}fWZqqZMeOwLpUzWNcetipGj/lRt0CT4s

dn: cn=printer,ou=services,dc=example,dc=net
objectClass: simpleSecurityObject
objectClass: organizationalRole
cn: printer
userPassword: Toner-leer-1

dn: cn=default,ou=policies,dc=example,dc=net
objectClass: pwdPolicy
pwdAttribute: userPassword
pwdMaxAge: 7776000
pwdMinLength: 10
pwdCheckQuality: 2
EOF
      }
    }
  }
}
