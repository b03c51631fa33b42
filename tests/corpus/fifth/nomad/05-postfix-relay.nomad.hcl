job "postfix" {
  datacenters = ["dc1"]

  group "relay" {
    network {
      port "smtp" { static = 25 }
    }

    task "postfix" {
      driver = "docker"
      config {
        image = "boky/postfix:v4.3.0"
        ports = ["smtp"]
        volumes = [
          "secrets/sasl_passwd:/etc/postfix/sasl_passwd:ro",
          "secrets/dkim.private:/etc/opendkim/keys/kestrelworks.net.private:ro",
        ]
      }

      env = {
        ALLOWED_SENDER_DOMAINS = "kestrelworks.net"
        RELAYHOST              = "[smtp.eu.mailgun.org]:587"
        RELAYHOST_USERNAME     = "postmaster@mg.kestrelworks.net"
        RELAYHOST_PASSWORD     = "17cd4facf754d0191b8f0830a9b38b86-1a1cfdf9-38f90492"
        RELAYHOST_PASSWORD_FILE = "/secrets/none"
        DKIM_SELECTOR          = "mail2024"
        POSTFIX_smtp_sasl_password_maps = "lmdb:/etc/postfix/sasl_passwd"
        POSTFIX_smtp_tls_key_file       = "/etc/ssl/private/relay.key"
        POSTFIX_smtp_sasl_security_options = "noanonymous"
      }

      template {
        destination = "secrets/sasl_passwd"
        data        = <<MAP
# host                      user:password
[smtp.eu.mailgun.org]:587   postmaster@mg.kestrelworks.net:17cd4facf754d0191b8f0830a9b38b86-1a1cfdf9-38f90492
[smtp.ionos.de]:465         info@kestrelworks.de:Herbstlaub#2023
MAP
      }

      template {
        destination = "secrets/dkim.private"
        perms       = "0400"
        data        = <<KEY
-----BEGIN RSA PRIVATE KEY-----
MIIBOgIBAAJBA8ZEqoRrYZ/4KEc2nOqIU5SXml7TWenwMEHrbEAgdxYD1x7tU5cj
5vkxteaV94UCzZ5wc0qZywQm+B91za+eM2Ow3U+a8AH0+7fS4VXjGJLaetxptcyP
zTkBs/8moGCVNRLK8XVhpazkTCL0Azz9xYnU6k/fqBMMdpUjYSo7swGKx/gatiAT
2xUecTSZykMNW78VnzGD1kkHvDvFtJA3ISygKN==
-----END RSA PRIVATE KEY-----
KEY
      }
    }
  }
}
