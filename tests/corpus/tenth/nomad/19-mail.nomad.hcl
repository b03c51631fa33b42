job "mail" {
  group "mail" {
    task "postfix" {
      driver = "docker"

      config {
        image = "registry.example.net/postfix:3.8"
      }

      template {
        destination = "secrets/sasl_passwd"
        perms       = "600"
        data        = <<EOF
[smtp.relay.example.com]:587    team@example.net:Withy-Bend-30
[mail.partner.example.org]:465  outbound:ParsZvZ30zQJcTca
EOF
      }

      template {
        destination = "local/main.cf"
        data        = <<EOF
myhostname = mail.example.net
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = lmdb:/secrets/sasl_passwd
smtp_sasl_security_options = noanonymous
smtpd_tls_key_file = /secrets/tls.key
EOF
      }
    }

    task "dovecot" {
      driver = "docker"

      config {
        image = "registry.example.net/dovecot:2.3"
      }

      template {
        destination = "secrets/users"
        data        = <<EOF
anna@example.net:{SHA512-CRYPT}$6$EwDuGJBx1IVwAvT2$Qm2M7Bxt644DdJ2PX63Ukl8g9lTgFznHlzM2McqaG4LmXjOhGWrkzYkD0YwA/VogCJ.ywBCFIKoh6GgzwNUOTS:5000:5000::/srv/mail/anna
piet@example.net:{PLAIN}Loam-Tulip-2:5000:5000::/srv/mail/piet
EOF
      }
    }

    task "rspamd" {
      driver = "docker"

      config {
        image = "rspamd/rspamd:3.9"
      }

      template {
        destination = "local/worker-controller.inc"
        data        = <<EOF
password = "$2$iyg5utfyoxueph76x65a5pp1woy6m7y3$d843qrg7sy14421bprlp1h072vw2dthzfso4mwkkaram3uvrygau";
enable_password = "q1learnspam";
secure_ip = "10.0.0.0/8";
EOF
      }

      template {
        destination = "secrets/dkim.key"
        data        = <<EOF
-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSji7lpi1Ezt7HUngyBlnD5Lwrx
juOEw5/YUUT8Sp4ctOKE4Ziz8LXV05hqXumNS2lnKtZW9G4FTtlDy8WzjuQlHLFr
ViqFK1u1hXRvpdj9MWsk+3jCxkzrJxrVGYappyu4OJPuYCWXq2l1gN6VuMtuyhob
B3WfNp52C/i3trgb1GJaEQT7PLk77WERAceCzuAI
-----END PRIVATE KEY-----
EOF
      }
    }
  }
}
