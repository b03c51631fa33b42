job "voice-and-mail" {
  group "g" {
    task "coturn" {
      driver = "docker"
      config {
        image   = "coturn/coturn:4.6"
        args    = ["-c", "/secrets/turnserver.conf", "--cli-password=telnet? in this economy?"]
      }
      template {
        destination = "secrets/turnserver.conf"
        data        = <<EOH
use-auth-secret
static-auth-secret=jtEIIK7AI9lMD6oKF3friMYA6l4tQZXKyI1KJRMP
realm=turn.example.net
lt-cred-mech
user=guest:gUest-1999
pkey=/etc/coturn/key.pem
cert=/etc/coturn/cert.pem
no-cli
EOH
      }
    }
    task "postfix" {
      driver = "docker"
      config { image = "registry.example.net/postfix:3.9" }
      template {
        destination = "secrets/sasl_passwd"
        data        = <<EOH
[smtp.example.org]:587 relay@example.net:post-horn-blue
EOH
      }
      template {
        destination = "local/main.cf"
        data        = <<EOH
relayhost = [smtp.example.org]:587
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = lmdb:/secrets/sasl_passwd
smtp_sasl_security_options = noanonymous
smtp_tls_key_file = /etc/ssl/private/mail.key
smtp_tls_security_level = encrypt
EOH
      }
      template {
        destination = "secrets/passwd.client"
        data        = "smtp.example.org:relay@example.net:post-horn-blue\n"
      }
    }
  }
}
