job "zabbix" {
  datacenters = ["wro1"]

  group "zabbix" {
    task "server" {
      driver = "docker"
      config {
        image = "zabbix/zabbix-server-pgsql:7.0-alpine-latest"
        cap_add = ["net_raw"]
      }
      template {
        destination = "local/zabbix_server.conf"
        data        = <<EOF
# baza
DBHost=10.44.0.5
DBName=zabbix
DBUser=zabbix
DBPassword=Zurek&Kielbasa1
### Option: TLSPSKIdentity
TLSPSKIdentity=wro-proxy-01
TLSPSKFile=/var/lib/zabbix/enc/psk.key
VaultPrefix=/v1/secret/data/zabbix/
# VaultToken=
StartVMwareCollectors=2
SSHKeyLocation=/var/lib/zabbix/ssh_keys
EOF
      }
      template {
        destination = "secrets/psk.key"
        data        = "b32fed0766bb31ed04d259b3717bd5c2d6a9a5f04c5503b11606e4644e0d4887\n"
      }
      template {
        destination = "local/externalscripts/ups.sh"
        perms       = "0755"
        data        = <<EOF
#!/bin/sh
# odczyt UPS przez SNMPv3
snmpget -v3 -l authPriv -u zbx -a SHA -A 'pierogi-ruskie' -x AES -X 'barszcz-czerwony' "$1" 1.3.6.1.2.1.33.1.2.4.0
ipmitool -I lanplus -H "$1" -U root -P calvin sdr list
upsc ups@"$1" || zabbix_sender -z 127.0.0.1 --tls-connect psk --tls-psk-identity wro --tls-psk-file /secrets/psk.key -k ups.err -o 1
EOF
      }
    }

    task "web" {
      driver = "docker"
      config {
        image = "zabbix/zabbix-web-nginx-pgsql:7.0-alpine-latest"
      }
      template {
        destination = "secrets/zabbix.conf.php"
        data        = <<EOF
<?php
$DB['TYPE']     = 'POSTGRESQL';
$DB['USER']     = 'zabbix';
$DB['PASSWORD'] = 'Zurek&Kielbasa1';
$DB['KEY_FILE'] = '';
$DB['VAULT_URL'] = '';
$DB['VAULT_DB_PATH'] = 'secret/zabbix/database';
$ZBX_SERVER_NAME = 'Drukarnia Odra';
$SSO['SP_KEY'] = '/etc/zabbix/web/sp.key';
$SSO['SETTINGS'] = ['security' => ['wantAssertionsEncrypted' => true]];
EOF
      }
    }
  }
}
