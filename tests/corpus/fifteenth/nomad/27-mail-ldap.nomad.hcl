job "mail" {
  group "mail" {
    task "lldap" {
      driver = "docker"
      config {
        image = "lldap/lldap:v0.5"
      }
      env {
        LLDAP_LDAP_BASE_DN   = "dc=example,dc=org"
        LLDAP_JWT_SECRET     = "DFozdC4R47VjEs7gub4hPIPftg4ND6HD"
        LLDAP_LDAP_USER_PASS = "porridge oats & honey"
        LLDAP_KEY_FILE       = "/data/private_key"
      }
      template {
        destination = "local/seed.ldif"
        data        = <<EOF
dn: uid=mailer,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: mailer
userPassword: {SSHA}aMqWYA8P/IanZwreO2k79x1ds/g51VRp

dn: uid=scanner,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: scanner
userPassword: Copier-Room-B12
EOF
      }
    }

    task "postfix" {
      driver = "docker"
      config {
        image = "boky/postfix:4.3"
      }
      env {
        RELAYHOST          = "[email-smtp.eu-west-1.amazonaws.com]:587"
        RELAYHOST_USERNAME = "AKIAH6CDLGQXGK5D7OLG"
        RELAYHOST_PASSWORD = "BJF9Zq9251VQ+mSHI00UpaU8gD01U0q4LO0GvxOAtYn/"
        DKIM_SELECTOR      = "key2024"
      }
      template {
        destination = "local/sasl_passwd"
        data        = <<EOF
[smtp.example.net]:465  relay@example.org:Sl8te.Ridge
EOF
      }
    }
  }
}
