job "kiosk-mail" {
  datacenters = ["osl1"]

  group "mail" {
    task "postfix" {
      driver = "docker"
      config {
        image = "boky/postfix:4.3"
      }

      env = {
        "ALLOWED_SENDER_DOMAINS" = "fjordkiosk.no"
        "RELAYHOST"              = "[smtp.eu.mailgun.org]:587"
        "RELAYHOST_USERNAME"     = "postmaster@mg.fjordkiosk.no"
        "RELAYHOST_PASSWORD"     = "ee69bd84fc8b333d895454f7a95816ee-9e13cdca-fbaf3d61"
        "SMTPD_SASL_USERS"       = "scanner@fjordkiosk.no:Skann3r!,erp@fjordkiosk.no:dypfryst-torsk"
        "POSTFIX_smtp_sasl_password_maps" = "lmdb:/etc/postfix/sasl_passwd"
        "POSTFIX_smtp_sasl_auth_enable"   = "yes"
        "DKIM_SELECTOR"          = "s2026"
        "DKIM_AUTOGENERATE"      = "true"
      }

      template {
        destination = "secrets/sasl_passwd"
        perms       = "600"
        data        = <<EOF
[smtp.eu.mailgun.org]:587  postmaster@mg.fjordkiosk.no:143ceec060edeb7e4845d8f311ca6b91-7b197f30-6eba094f
[smtp.sendgrid.net]:587    apikey: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
# [mail.old-isp.no]:25     kiosk:sommer2017
EOF
      }
    }

    task "dovecot" {
      driver = "docker"
      config {
        image = "dovecot/dovecot:2.3.21"
      }

      template {
        destination = "local/dovecot-sql.conf.ext"
        data        = <<EOF
driver = pgsql
connect = host=10.20.0.11 dbname=mail user=dovecot password=DSMHxFsqerXrm+9Y
default_pass_scheme = ARGON2ID
password_query = SELECT email AS user, password FROM mailbox WHERE email = '%u'
user_query = SELECT maildir, 5000 AS uid FROM mailbox WHERE email = '%u'
EOF
      }

      template {
        destination = "local/conf.d/10-auth.conf"
        data        = <<EOF
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_cache_ttl = 1 hour
ssl_key = </secrets/imap.key
ssl_key_password = Hurtigruten 1893
doveadm_password = guentDYbFIzuNl5WIqCb
passdb {
  driver = passwd-file
  args = scheme=CRYPT username_format=%u /etc/dovecot/users
}
EOF
      }

      template {
        destination = "local/users"
        data        = <<EOF
abuse@fjordkiosk.no:{PLAIN}Snømann-55:5000:5000::/var/mail/abuse
faktura@fjordkiosk.no:{SSHA256}toHK7VEw5032J0+d03eu+TD0iZA67Y16iR56EmQ0DmczSnShX+5leg==:5000:5000::/var/mail/faktura
EOF
      }
    }
  }
}
