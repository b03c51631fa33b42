job "ldap" {
  group "ldap" {
    task "openldap" {
      driver = "podman"

      config {
        image = "docker.io/bitnami/openldap:2.6"
      }

      env {
        LDAP_ROOT              = "dc=example,dc=net"
        LDAP_ADMIN_USERNAME    = "admin"
        LDAP_ADMIN_PASSWORD    = "Vellum.Ox.40"
        LDAP_CONFIG_ADMIN_PASSWORD = "configpassword"
        LDAP_TLS_KEY_FILE      = "/secrets/ldap.key"
      }

      template {
        destination = "local/ldifs/01-users.ldif"
        data        = <<EOF
dn: ou=people,dc=example,dc=net
objectClass: organizationalUnit
ou: people

dn: uid=anna,ou=people,dc=example,dc=net
objectClass: inetOrgPerson
cn: Anna
sn: Berg
userPassword: {SSHA}N4txsGA+JVWUD5zMvz4JwuOnXQ4SSdBzK+XaVA==

dn: cn=sync,dc=example,dc=net
objectClass: simpleSecurityObject
objectClass: organizationalRole
userPassword: Hurdle-Moth-92
description: password of the sync account, rotated yearly

dn: cn=reader,dc=example,dc=net
objectClass: simpleSecurityObject
objectClass: organizationalRole
userPassword:: dGFsbG93LlJlZWQuNw==

dn: cn=default,ou=policies,dc=example,dc=net
objectClass: pwdPolicy
pwdAttribute: userPassword
pwdMaxAge: 7776000
EOF
      }
    }
  }
}
