job "relay" {
  type = "service"

  group "mx" {
    task "postfix" {
      driver = "docker"
      config {
        image = "registry.example.net/postfix:3.9"
      }

      template {
        destination = "secrets/sasl_passwd"
        perms       = "0600"
        data        = <<EOT
[smtp.sendgrid.net]:587 apikey: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
[mail.partner.example.org]:465 relay@example.net:Postkutsche17
EOT
      }

      template {
        destination = "secrets/mysql-virtual-mailbox.cf"
        data        = <<EOT
user = mailreader
password = u8Gh-kelp-SOLO
hosts = mysql.service.consul
dbname = mail
query = SELECT password, token_expires_at FROM mailbox WHERE username = '%s' AND active = 1
EOT
      }

      template {
        destination = "local/main.cf"
        data        = <<EOT
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = hash:/secrets/sasl_passwd
smtp_sasl_security_options = noanonymous
smtpd_tls_key_file = /etc/ssl/private/mx.key
smtpd_tls_cert_file = /etc/ssl/certs/mx.pem
smtpd_tls_dh1024_param_file = /etc/ssl/dh.pem
smtpd_sasl_authenticated_header = yes
virtual_mailbox_maps = mysql:/secrets/mysql-virtual-mailbox.cf
EOT
      }
    }
  }
}
