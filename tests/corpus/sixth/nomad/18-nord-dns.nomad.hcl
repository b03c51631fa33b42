job "nord-dns" {
  datacenters = ["hh1", "hh2"]

  group "dns" {
    task "pdns" {
      driver = "docker"
      config {
        image   = "powerdns/pdns-auth-49:4.9.2"
        command = "pdns_server"
        args = [
          "--api=yes",
          "--api-key=MW7bL71FCYEc9W2O1nGMHDHdiLlUYcGh",
          "--webserver-password=Namensvetter!",
          "--webserver-allow-from=10.8.0.0/16",
          "--gmysql-password=7eBWO3tV1phNpxHaXh8m",
          "--gmysql-dnssec=yes",
          "--default-ksk-algorithm=ecdsa256",
        ]
      }
    }

    task "bind" {
      driver = "docker"
      config {
        image = "internetsystemsconsortium/bind9:9.20"
      }
      template {
        destination = "secrets/named.keys"
        data        = <<EOF
include "/etc/bind/rndc.key";
key "ddns-update" {
  algorithm hmac-sha256;
  secret "aPqVoF6DmBYZrCgq7D84fp+nermwH4N16vgeiCxgMr4=";
};
key xfer-hh2. {
  algorithm hmac-sha512;
  secret "JeU4l2r40QT3O/smkPqxkQ8sCyfRsjDdQt6M9N+Qs0GztQ90LkwJPgtqwCIoQLli2Fy1lcwW3C68+1S8i9V6Jg==";
};
server 10.9.0.53 { keys { xfer-hh2.; }; };
zone "nordring.net" {
  type primary;
  file "/var/lib/bind/nordring.net.zone";
  update-policy { grant ddns-update zonesub ANY; };
  dnssec-policy default;
  key-directory "/var/lib/bind/keys";
};
EOF
      }
      template {
        destination = "local/nordring.net.zone"
        data        = <<EOF
$ORIGIN nordring.net.
@        IN SOA ns1 hostmaster 2026112601 7200 3600 1209600 3600
@        IN TXT "google-site-verification=D7p9AMLhEL40mUXjXdbP-F9DtYZ3Hpq0W2e6OunUkUW"
s1._domainkey IN TXT "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBN/Z9IGzSRksHMGS9Ts2UdFuEBxBcWqkTCY/LdS/1t9i+d983pcIHeMHe5z4e"
@        IN DNSKEY 257 3 13 YOlI9S42V6EpLsg/87PVkz/o6y/C2dsKB8d4mGflO+S+607UZKI+mP/BbCwM+tOlbFpT/sWk55tkiiXnRtBrxw==
_acme-challenge IN TXT "pRnVzadnUXGdTu0A-CPaDoiC1RtLEbJGNzk7z7GIOuA"
EOF
      }
    }

    task "certs" {
      driver = "docker"
      config {
        image = "neilpang/acme.sh:3.1.0"
        args  = ["daemon"]
      }
      env {
        CF_Token      = "XwgARC1U2_pzM3_lKz8p8RZQe7CsRCZ5NwNBMOYP"
        CF_Account_ID = "201142f8d6e96e190774bab8b4e66642"
        CF_Zone_ID    = "db88060b8406784a51ba2aec2f263a47"
        HETZNER_Token = "30rhVzXeBP2IohALMVRTTubtbRGTpEdP"
        PDNS_Url      = "http://127.0.0.1:8081"
        PDNS_ServerId = "localhost"
        PDNS_Token    = "MW7bL71FCYEc9W2O1nGMHDHdiLlUYcGh"
        PDNS_Ttl      = 60
        NSUPDATE_KEY  = "/secrets/ddns.key"
        EAB_KID       = "WiuHflARIE6M5Z5i2GmuTb"
        EAB_HMAC_KEY  = "nuW_q77W07Km1NqKtdiRF6RQNjVu1H9eSp3I0lp8hkyFL1wqIOifjPWBaXfvZIw9n5mNZCKw1431bAa03ztsW7"
      }
    }

    task "octodns" {
      driver = "docker"
      config {
        image = "octodns/octodns:2024.11"
      }
      template {
        destination = "local/octodns.yaml"
        data        = <<EOF
providers:
  route53:
    class: octodns_route53.Route53Provider
    access_key_id: env/AWS_ACCESS_KEY_ID
    secret_access_key: env/AWS_SECRET_ACCESS_KEY
  ovh:
    class: octodns_ovh.OvhProvider
    endpoint: ovh-eu
    application_key: wic2n6fqyhmu6xnl
    application_secret: k9tbkek51bq7prnw55foog46pphcgm2f
    consumer_key: zd6n718vkmr65emdjkbstkxuy7vabni4
  gandi:
    class: octodns_gandi.GandiProvider
    token: "adcbec793d48f8303dfab13541a60a2a12cca10e"
EOF
      }
    }
  }
}
