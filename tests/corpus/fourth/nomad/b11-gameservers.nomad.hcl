job "games" {
  node_pool = "beast"

  group "minecraft" {
    task "atm9" {
      driver = "docker"
      config {
        image = "itzg/minecraft-server:java17"
      }
      env {
        EULA          = "TRUE"
        TYPE          = "AUTO_CURSEFORGE"
        CF_API_KEY    = "$2a$10$k3xoM91456LILh9NaHC9UjyXYCb3ZjeXTZTUgJLoMEjKdbAf7bfdH"
        ENABLE_RCON   = "true"
        RCON_PASSWORD = "minecraft"
        RCON_PORT     = "25575"
        WHITELIST     = "153247f5-2c0d-4274-a7cb-2c2b5118ebc8,2a6ee73e-25c9-4b23-b6cc-8a45d3125385"
        OPS           = "lena"
        SEED          = "-572188428958222535"
        RESOURCE_PACK_SHA1 = "3cef515f23a1e5dc1ac687663b204e18daa37f14"
      }
    }
    task "backup" {
      driver = "docker"
      config {
        image = "itzg/mc-backup"
      }
      env {
        RCON_PASSWORD   = "minecraft"
        RESTIC_PASSWORD = "cinder-garnet-slate-cinder"
        RESTIC_REPOSITORY = "rest:http://mc:mkmhlgo6azvw@nas:8000/mc"
      }
    }
  }

  group "valheim" {
    task "valheim" {
      driver = "docker"
      config { image = "lloesche/valheim-server" }
      env {
        SERVER_NAME  = "Otto und Freunde"
        WORLD_NAME   = "Midgard"
        SERVER_PASS  = "odin77"
        SUPERVISOR_HTTP_PASS = "hunter2"
        SERVER_PUBLIC = "false"
        DISCORD_WEBHOOK = "https://discord.com/api/webhooks/7736976317556372627/qFAxTw1D4CeuCkNJvJGwdfBTcv8hCcwgrzl3bVQE4eZIFcVBqY0-3_Hod1zZhnH0M-L8"
        PRE_START_HOOK  = "curl -sfSL -X POST -d '{\"content\":\"Server up, password is on the pinned post\"}' \"$DISCORD_WEBHOOK\""
      }
    }
    task "cs2" {
      driver = "docker"
      config {
        image = "joedwards32/cs2"
        args  = ["+sv_password", "lan4all", "+rcon_password", "o13GnCC12L", "+sv_setsteamaccount", "9A474D1864D4DBC4CADD855D9F7C69C2", "+map", "de_dust2"]
      }
      env {
        SRCDS_TOKEN  = "5059EEB2D6BD29B7DDBD18BBA3267409"
        CS2_PW       = ""
        STEAMAPPID   = "730"
        TV_PW        = "gotv"
      }
    }
    task "factorio" {
      driver = "docker"
      config { image = "factoriotools/factorio:stable" }
      template {
        destination = "local/server-settings.json"
        data = <<EOF
{
  "name": "Fabrik",
  "_comment_token": "Authentication token. May be used instead of 'password' above.",
  "username": "otto",
  "password": "",
  "token": "7429a2a1420cd5e4d7bd203c68824f",
  "game_password": "keks",
  "require_user_verification": true,
  "autosave_slots": 5
}
EOF
      }
    }
  }
}
