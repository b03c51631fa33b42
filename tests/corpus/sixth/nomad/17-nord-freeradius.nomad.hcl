locals {
  shared = {
    ap     = "Funkl0ch-6fbb34"
  }
}

job "nord-radius" {
  datacenters = ["hh1"]

  group "radius" {
    network {
      mode = "host"
      port "auth" { static = 1812 }
      port "acct" { static = 1813 }
    }

    task "freeradius" {
      driver = "docker"
      config {
        image = "freeradius/freeradius-server:3.2.6"
        args  = ["-f", "-l", "stdout"]
      }

      template {
        destination = "secrets/clients.conf"
        data        = <<EOF
client localhost {
  ipaddr = 127.0.0.1
  secret = testing123
  require_message_authenticator = auto
}
client aps {
  ipaddr = 10.8.16.0/22
  secret = ${local.shared.ap}
  nas_type = other
}
client sw-core {
  ipaddr = 10.8.0.2
  secret = "EUGXqVJKLEG3uIgSs8f9G0La"
  shortname = core
}
client vpn {
  ipaddr = 10.8.0.9
  secret = {{ with nomadVar "nomad/jobs/nord-radius" }}{{ .vpn_secret }}{{ end }}
}
EOF
      }

      template {
        destination = "secrets/mods/eap"
        data        = <<EOF
eap {
  default_eap_type = peap
  tls-config tls-common {
    private_key_password = whatever
    private_key_file = /secrets/radius.key
    certificate_file = /local/radius.pem
    dh_file = /local/dh
    tls_min_version = "1.2"
  }
  pwd {
    group = 19
    server_id = theserver@nordring.net
  }
}
EOF
      }

      template {
        destination = "secrets/mods/sql"
        data        = <<EOF
sql {
  driver = "rlm_sql_postgresql"
  login = "radius"
  password = "Seil\\tänzer_5"
  radius_db = "radius"
  group_attribute = "SQL-Group"
  authcheck_table = "radcheck"
  read_clients = yes
}
EOF
      }

      template {
        destination = "secrets/mods/ldap"
        data        = <<EOF
ldap {
  server = 'ldaps://ldap.nordring.net'
  identity = 'cn=radius,ou=services,dc=nordring,dc=net'
  password = Möwenschiß-9
  update {
    control:Password-With-Header += 'userPassword'
    control:NT-Password := 'sambaNTPassword'
  }
}
EOF
      }

      template {
        destination = "secrets/users"
        data        = <<EOF
drucker1  Cleartext-Password := "tonerleer"
          Tunnel-Type = VLAN, Tunnel-Private-Group-Id = "40"
kiosk     NT-Password := "82bb1a59a01d62c4b40cc3c0a4cae3ff"
DEFAULT   Auth-Type := Reject, Reply-Message = "Password wrong or account locked"
EOF
      }

      template {
        destination = "local/hostapd-lab.conf"
        data        = <<EOF
interface=wlan0
ssid=nordring-lab
wpa=2
wpa_key_mgmt=WPA-PSK WPA-EAP
wpa_passphrase=Kutterscholle mit Speck
auth_algs=1
auth_server_addr=127.0.0.1
auth_server_shared_secret=testing123
wpa_group_rekey=3600
EOF
      }
    }
  }
}
