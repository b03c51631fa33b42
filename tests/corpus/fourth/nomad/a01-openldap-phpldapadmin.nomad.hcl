job "openldap" {
  node_pool   = "beast"
  datacenters = ["home"]
  type        = "service"

  update {
    max_parallel     = 1
    min_healthy_time = "10s"
    auto_revert      = false
  }

  group "openldap" {
    count = 1

    network {
      mode = "host"
      port "ldap" {
        static = 1389
      }
      port "ui" {
        to = 80
      }
    }

    service {
      name = "openldap"
      port = "ldap"
      tags = ["global", "tcp", "openldap"]
      check {
        type     = "tcp"
        port     = "ldap"
        interval = "30s"
        timeout  = "20s"
      }
    }

    task "slapd" {
      driver = "docker"

      config {
        image          = "bitnami/openldap@sha256:1b780b3002e77d0ca87e4414263748c51c4a8f8823980d2f3648e94621cbadd4"
        network_mode   = "host"
        ports          = ["ldap"]
        auth_soft_fail = true
        volumes = [
          "local/ldifs:/ldifs",
          "secrets/tls:/opt/bitnami/openldap/certs",
        ]
      }

      env {
        LDAP_ROOT                  = "dc=kolbe,dc=example,dc=org"
        LDAP_ADMIN_USERNAME        = "ldapadmin"
        LDAP_ADMIN_PASSWORD        = "SN+Am^-gPi9-5KhScD"
        LDAP_CONFIG_ADMIN_ENABLED  = "yes"
        LDAP_CONFIG_ADMIN_PASSWORD = "Velvet.Yarrow-58"
        LDAP_USERS                 = "ckm,appteam"
        LDAP_PASSWORDS             = "test123,zephyr1767"
        LDAP_PASSWORD_HASH         = "{SSHA}"
        LDAP_TLS_KEY_FILE          = "/opt/bitnami/openldap/certs/ldap.key"
        LDAP_PPOLICY_HASH_CLEARTEXT = "yes"
      }

      template {
        destination = "local/ldifs/10-users.ldif"
        data        = <<EOF
dn: uid=svc-gitea,ou=services,dc=kolbe,dc=example,dc=org
objectClass: inetOrgPerson
uid: svc-gitea
sn: gitea
cn: Gitea bind user
userPassword: {SSHA}iKd5BvDTT8v0RtUWxugKEJNI7N8Ol1ZN

dn: uid=svc-print,ou=services,dc=kolbe,dc=example,dc=org
objectClass: inetOrgPerson
uid: svc-print
sn: print
cn: Druckdienst
userPassword: Gable2020?

dn: cn=default,ou=policies,dc=kolbe,dc=example,dc=org
objectClass: pwdPolicy
pwdAttribute: userPassword
pwdMaxAge: 7776000
pwdCheckQuality: 2
pwdMustChange: TRUE
EOF
      }

      resources {
        cpu    = 100
        memory = 512
      }
    }

    task "ui" {
      driver = "docker"
      config {
        image = "osixia/phpldapadmin:0.9.0"
        ports = ["ui"]
      }
      env {
        PHPLDAPADMIN_HTTPS      = "false"
        PHPLDAPADMIN_LDAP_HOSTS = "#PYTHON2BASH:[{'ldap.service.consul': [{'server': [{'tls': False}]},{'login': [{'bind_id': 'cn=ldapadmin,dc=kolbe,dc=example,dc=org'},{'bind_pass': 'SN+Am^-gPi9-5KhScD'}]}]}]"
      }
    }
  }
}
