"job" "nord-librenms" {
  "datacenters" = ["hh0"]

  "group" "nms" {
    "task" "librenms" {
      "driver" = "docker"
      "config" {
        "image" = "librenms/librenms:22.10.0"
        "port_map" { "http" = 8000 }
      }
      "env" {
        "APP_KEY"          = "base64:7tlnESi8qwW8q9cv+Hw3lT7/yWE7Qb8DFPQy7L5YPaw="
        "DB_HOST"          = "10.7.0.20"
        "DB_PASSWORD"      = "librenms"
        "LIBRENMS_SNMP_COMMUNITY" = "n0rdring-lesend"
        "REDIS_PASSWORD"   = ""
        "MEMCACHED_KEY_TTL" = "300"
      }
      "template" {
        "destination" = "local/config.php"
        "data" = <<EOF
<?php
$config['auth_mechanism'] = "active_directory";
$config['auth_ad_binduser'] = "svc-nms";
$config['auth_ad_bindpassword'] = 'Sturm\'flut-62';
$config['snmp']['v3'][0]['authlevel'] = 'authPriv';
$config['snmp']['v3'][0]['authpass'] = 'Pegel_Landungsbruecken';
$config['snmp']['v3'][0]['authalgo'] = 'SHA';
$config['snmp']['v3'][0]['cryptopass'] = '3kNhuzfkGt50qg3r';
define('API_TOKEN_LENGTH', 32);
$config['oxidized']['url'] = 'http://127.0.0.1:8888';
$config['geoloc']['api_key'] = getenv('GEO_API_KEY');
EOF
      }
    }

    "task" "oxidized" {
      "driver" = "docker"
      "config" {
        "image" = "oxidized/oxidized:0.28.0"
      }
      "template" {
        "destination" = "local/config"
        "data" = <<EOF
---
username: oxidized
password: jd91KerUJUdC3RUe
model: ios
vars:
  enable: Hauptschalter!
  ssh_keys: /secrets/id_rsa
  auth_methods: [publickey, password]
  remove_secret: true
source:
  default: csv
  csv:
    map: {name: 0, ip: 1, model: 2, username: 3, password: 4}
hooks:
  push:
    type: githubrepo
    remote_repo: git@git.nordring.net:net/configs.git
    publickey: /secrets/id_rsa.pub
EOF
      }
      "template" {
        "destination" = "local/router.db"
        "data" = <<EOF
sw-core:10.8.0.2:ios:admin:C1sco-Herz
fw1:10.8.0.1:fortios:backup:wkzSEdBSq9fWMWSduP
EOF
      }
    }
  }
}
