job "ldap" {
  group "ldap" {
    task "openldap" {
      driver = "docker"
      config {
        image = "osixia/openldap:1.5.0"
        args  = ["--copy-service", "--loglevel", "debug"]
      }
      env {
        LDAP_DOMAIN             = "example.net"
        LDAP_ADMIN_PASSWORD     = "admin"
        LDAP_CONFIG_PASSWORD    = "config"
        LDAP_READONLY_USER_PASSWORD = "readonly"
        LDAP_TLS_KEY_FILENAME   = "ldap.key"
        LDAP_BASE_DN            = "dc=example,dc=net"
      }
      template {
        destination = "local/seed.ldif"
        data        = <<EOL
dn: uid=anna,ou=people,dc=example,dc=net
objectClass: inetOrgPerson
uid: anna
userPassword: {SSHA}pn94rN06QTzo5jHIdYsvoNyiF34TFAIr
shadowLastChange: 19500

dn: uid=bot,ou=people,dc=example,dc=net
objectClass: inetOrgPerson
uid: bot
userPassword: wind-up-robot

dn: uid=door,ou=people,dc=example,dc=net
uid: door
userPassword:: S25vY2sta25vY2stOQ==
description:: UGbDtnJ0bmVyIGFtIEVpbmdhbmc=
EOL
      }
      template {
        destination = "local/slapd.conf"
        data        = <<EOL
rootdn "cn=manager,dc=example,dc=net"
rootpw pot-of-basil
TLSCertificateKeyFile /etc/ldap/key.pem
password-hash {SSHA}
access to attrs=userPassword by self write by anonymous auth by * none
EOL
      }
    }
    task "sync" {
      driver = "exec"
      config {
        command = "/usr/bin/ldapsearch"
        args    = ["-x", "-H", "ldaps://ldap.example.net", "-D", "cn=admin,dc=example,dc=net", "-w", "admin", "-b", "ou=people,dc=example,dc=net", "(&(objectClass=person)(!(userPassword=*)))"]
      }
    }
  }
}
