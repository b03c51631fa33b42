job "zabbix" {
  region      = "eu"
  datacenters = ["dc1"]
  type        = "service"

  group "zabbix" {
    count = 1

    task "server" {
      driver = "docker"

      config {
        image = "zabbix/zabbix-server-pgsql:5.0-alpine-latest"
      }

      env {
        "DB_SERVER_HOST"    = "10.20.0.5"
        "POSTGRES_USER"     = "zabbix"
        "POSTGRES_PASSWORD" = "zabbix"
        "POSTGRES_DB"       = "zabbix"
        "ZBX_TLSPSKFILE"    = "/var/lib/zabbix/enc/psk.key"
        "ZBX_VAULTTOKEN"    = "s.VW6ejyRbQqj0GtVlguL42kN6"
        "ZBX_VAULTDBPATH"   = "secret/zabbix/database"
      }
    }

    task "web" {
      driver = "docker"

      config {
        image = "zabbix/zabbix-web-nginx-pgsql:5.0-alpine-latest"
      }

      env {
        "POSTGRES_PASSWORD"            = "zabbix"
        "ZBX_SSO_SETTINGS"             = "[]"
        "zbx.session.name"             = "zbx_sessionid"
        "zbx.frontend.admin.password"  = "Wicker=Basket=3"
        "ZBX_PASSWORD_POLICY"          = "strong"
      }
    }
  }
}
