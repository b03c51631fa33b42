job "games" {
  group "g" {
    task "wings" {
      driver = "docker"
      config { image = "ghcr.io/pterodactyl/wings:v1.11" }
      template {
        destination = "local/config.yml"
        data        = <<EOH
debug: false
uuid: 51ff8c1f-6527-4c77-b61a-e02f3f3327b2
token_id: ouOSIpPnrx8esSXf
token: AggbJxInkY5YdiIM1CKu8wbF1wcmiG2lQUwUy6VpLdn7UINdqXO7avmlzGdK86e8
api:
  host: 0.0.0.0
  ssl: { enabled: true, key: /etc/letsencrypt/live/x/privkey.pem }
remote: 'https://panel.example.net'
docker:
  registries:
    registry.example.net: { username: pull, password: docker-pull-77 }
EOH
      }
    }
    task "minecraft" {
      driver = "docker"
      config { image = "itzg/minecraft-server:java21" }
      env {
        EULA          = "TRUE"
        RCON_PASSWORD = "creeper4ever"
        RCON_PORT     = "25575"
        OPS           = "steve,alex"
        CF_API_KEY    = "$2a$10$CcTeUkyBQWsNI7QAQg9lf9hzRBYMwz3CBqiCxLHafYxIF3eQ4W0QF"
      }
      template {
        destination = "local/server.properties"
        data        = <<EOH
enable-rcon=true
rcon.password=creeper4ever
level-seed=-4172144997902289642
resource-pack-sha1=b01eb49d5a5e0c2589a3e8e727d20fd0ee49a44a
EOH
      }
    }
  }
}
