job "games" {
  datacenters = ["garage"]

  group "minecraft" {
    task "server" {
      driver = "docker"
      config {
        image = "itzg/minecraft-server:java21"
      }
      env {
        EULA          = "TRUE"
        ENABLE_RCON   = "true"
        RCON_PASSWORD = "creeper42"
        RCON_PORT     = "25575"
        OPS           = "f207be1b-b59f-403c-b62c-20343d2cddc3"
        SEED          = "-4172144997902289642"
        CF_API_KEY    = "$2a$10$W6.AtKiu4minSdng70oLSZRrIhuf6aut9AuLOWHkhUmzLqNx4IIp8"
      }
    }

    task "backup" {
      driver = "docker"
      config {
        image   = "itzg/mc-backup"
        command = "rcon-cli"
        args    = ["--host", "127.0.0.1", "--password", "creeper42", "save-all"]
      }
    }
  }

  group "factorio" {
    task "server" {
      driver = "docker"
      config {
        image   = "factoriotools/factorio:stable"
        volumes = ["local/server-settings.json:/factorio/config/server-settings.json"]
      }

      template {
        destination = "local/server-settings.json"
        data        = <<EOF
{
  "name": "kw friday",
  "max_players": 12,
  "visibility": {"public": false, "lan": true},
  "_comment_credentials": "Your factorio.com login credentials. Required for games with visibility public",
  "username": "kwgames",
  "password": "",
  "token": "a3543bc60f02e25c7d1073da83d73e",
  "game_password": "biters",
  "require_user_verification": true
}
EOF
      }
    }
  }

  group "valheim" {
    task "server" {
      driver = "docker"
      config {
        image = "lloesche/valheim-server"
      }
      env {
        SERVER_NAME     = "Kestrel"
        WORLD_NAME      = "Midgard"
        SERVER_PASS     = "ravens&runes"
        SERVER_PUBLIC   = "false"
        SUPERVISOR_HTTP_PASS = "${SUPERVISOR_PASS}"
        ADMINLIST_IDS   = "76561198012345678"
        STATUS_HTTP     = "true"
      }
    }
  }
}
