job "mail-relay" {
  group "mail" {
    task "postfix" {
      driver = "docker"
      config {
        image = "boky/postfix:v4.2"
      }
      template {
        destination = "secrets/sasl_passwd"
        data        = <<EOF
# host:port                user:password   (user:password, no spaces)
[smtp.eu.mailgun.org]:587  postmaster@mg.tillerhaven.example:8245dc0bfc5162873243fafb331709c0-f71e4d06-cb874e36
[smtp.office365.com]:587   scan@tillerhaven.example:Kopieer&Plak22
EOF
      }
      template {
        destination = "local/main.cf"
        data        = <<EOF
smtp_sasl_password_maps = texthash:/secrets/sasl_passwd
smtpd_tls_key_file = /certs/mail.key
smtp_sasl_security_options = noanonymous
EOF
      }
    }
    task "rspamd" {
      driver = "docker"
      config {
        image = "rspamd/rspamd:3.8"
      }
      template {
        destination = "local/worker-controller.inc"
        data        = <<EOF
password = "$2$KAXBQABMCSHYIWLNMKI23K46BM$50cx9jnlhzmti2g9vy56w0uy0rf8b4961q8l60sevi83fgktz7b0";
enable_password = "spamvanger-9";
EOF
      }
      template {
        destination = "local/dkim_signing.conf"
        data        = "selector = \"key2023\";\npath = \"/secrets/dkim/$domain.key\";\n"
      }
    }
  }
}
