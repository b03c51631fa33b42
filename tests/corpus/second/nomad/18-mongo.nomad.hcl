job "mongo" {
  group "mongo" {
    task "mongod" {
      driver = "docker"
      config {
        image = "mongo:7"
        args  = ["--keyFile", "/secrets/keyfile", "--replSet", "rs0", "--auth"]
      }
      env {
        MONGO_INITDB_ROOT_USERNAME = "root"
        MONGO_INITDB_ROOT_PASSWORD = "example"
      }
      template {
        destination = "secrets/keyfile"
        perms       = "400"
        data        = "swry1aFPtCxpQQ7e34G9Ffc1MxCYpJIvXjoE58DavgSBW02ABj2IjZEDCXMPMqs2gd4YOZQf8g3Y2hYIH1ncqlXf9o5TQ8fvw7hQgNvHvGm1C+PNTLqkH7uC/7LQo50ho794iUjf9kl3dE0QLM9vpAnTNmw6dJPYAqBfm3eYQMPVrHCBOlrWe/xf4R8mrHWLbih4+NzQQdZ74df+6Ua2RCJVR6YgNELaK/dtFaOVY+f4gYAqJi0JyWCTUgAOdP2/2DtzwoHQjP2kaw3WJM/b1Kfv4ITbKVkc2KVKaZbwm+TQMu8rULge0EpR9t0v1dQbCA8qXXbbVSpDwsXJmr8kaiu2"
      }
      template {
        destination = "local/init.js"
        data        = <<EOJS
db = db.getSiblingDB("shop");
db.createUser({
  user: "shop",
  pwd: "blue_moon_over_kent",
  roles: [{ role: "readWrite", db: "shop" }],
});
db.createUser({ user: "report", pwd: passwordPrompt(), roles: ["read"] });
db.tokens.createIndex({ token: 1 }, { unique: true });
EOJS
      }
    }
    task "express" {
      driver = "docker"
      config { image = "mongo-express:1.0" }
      env {
        ME_CONFIG_MONGODB_URL           = "mongodb://root:example@${NOMAD_ADDR_db}/?replicaSet=rs0"
        ME_CONFIG_BASICAUTH_USERNAME    = "mexpress"
        ME_CONFIG_BASICAUTH_PASSWORD    = "mexpress"
        ME_CONFIG_SITE_COOKIESECRET     = "cookiesecret"
        ME_CONFIG_SITE_SESSIONSECRET    = "ufHEx2oGZKP15HwBIi3TbliK"
        ME_CONFIG_OPTIONS_EDITORTHEME   = "ambiance"
        ME_CONFIG_MONGODB_AUTH_DATABASE = "admin"
      }
    }
    task "atlas-sync" {
      driver = "docker"
      config {
        image   = "mongo:7"
        command = "bash"
        args    = ["-c", "mongodump --uri='mongodb+srv://sync:Tamarisk.47@cluster0.ab1cd.mongodb.net/' --archive | mongorestore -u root -p example --authenticationDatabase admin --archive"]
      }
    }
  }
}
