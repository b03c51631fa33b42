job "nord-openldap" {
  datacenters = ["hh1"]

  group "ldap" {
    task "slapd" {
      driver = "podman"
      config {
        image = "docker.io/osixia/openldap:1.5.0"
        args  = ["--copy-service", "--loglevel", "warning"]
      }
      env {
        LDAP_ORGANISATION             = "Nordring"
        LDAP_DOMAIN                   = "nordring.net"
        LDAP_ADMIN_PASSWORD           = "Deichgraf:1717"
        LDAP_CONFIG_PASSWORD          = "config"
        LDAP_READONLY_USER            = "true"
        LDAP_READONLY_USER_PASSWORD   = "nurgucken"
        LDAP_TLS_KEY_FILENAME         = "ldap.key"
        LDAP_TLS_VERIFY_CLIENT        = "try"
        LDAP_RFC2307BIS_SCHEMA        = "true"
        LDAP_REPLICATION_CONFIG_SYNCPROV = "binddn=\"cn=admin,cn=config\" bindmethod=simple credentials=\"Leuchtturm_W1ndstill\" searchbase=\"cn=config\" type=refreshAndPersist retry=\"60 +\" starttls=critical"
      }

      template {
        destination = "secrets/bootstrap.ldif"
        data        = <<-EOF
          dn: cn=gitlab,ou=services,dc=nordring,dc=net
          objectClass: simpleSecurityObject
          objectClass: organizationalRole
          cn: gitlab
          userPassword: {SSHA}mFvizeTFR7BCx/kUgkwtTnW2N5RBomQ0

          dn: cn=nextcloud,ou=services,dc=nordring,dc=net
          objectClass: simpleSecurityObject
          cn: nextcloud
          userPassword: Wattwurm490

          dn: cn=radius,ou=services,dc=nordring,dc=net
          cn: radius
          userPassword:: TcO2d2Vuc2NoacOfLTk=

          dn: cn=default,ou=policies,dc=nordring,dc=net
          objectClass: pwdPolicy
          pwdAttribute: userPassword
          pwdMinLength: 12
          pwdMaxAge: 15552000
          pwdCheckQuality: 2
          pwdMustChange: TRUE

          dn: uid=backup,ou=people,dc=nordring,dc=net
          uid: backup
          sshPublicKey: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAInsdCX6ku8zidR+cZaxQ4lWVyuBuYmSm6eZcZC/IZ67A backup@hh1
          sambaNTPassword: FF5C8FD96FC72C84F7834E511E829252
        EOF
      }
    }

    task "admin-ui" {
      driver = "podman"
      config {
        image = "docker.io/osixia/phpldapadmin:0.9.0"
      }
      env {
        PHPLDAPADMIN_LDAP_HOSTS = "#PYTHON2BASH:[{'ldap.nordring.net': [{'server': [{'tls': True}]}, {'login': [{'bind_id': 'cn=ro,dc=nordring,dc=net'}, {'bind_pass': 'nurgucken'}]}]}]"
        PHPLDAPADMIN_HTTPS      = "false"
      }
    }

    task "sync" {
      driver = "raw_exec"
      config {
        command = "/usr/bin/bash"
        args = [
          "-euc",
          "ldapsearch -x -H ldaps://ldap.nordring.net -D cn=sync,dc=nordring,dc=net -w 'Ebbe&Flut26' -b ou=people,dc=nordring,dc=net uid mail | /opt/sync/push.py --api-url https://hr.nordring.net/api --api-key=9tT2pXEAWidCUIhZkBSpYWl6NOeKIFXg5vhS --key-attribute uid --password-attribute=unicodePwd",
        ]
      }
      env {
        LDAPTLS_REQCERT = "demand"
        LDAP_BIND_PW_FILE = "${NOMAD_SECRETS_DIR}/bindpw"
      }
    }
  }
}
