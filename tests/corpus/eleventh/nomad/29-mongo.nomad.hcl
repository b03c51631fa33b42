job "mongo" {
  group "mongo" {
    task "mongod" {
      driver = "docker"
      config {
        image = "mongo:7.0"
        args  = ["--replSet", "rs0", "--keyFile", "/secrets/keyfile", "--bind_ip_all"]
      }
      env {
        MONGO_INITDB_ROOT_USERNAME = "root"
        MONGO_INITDB_ROOT_PASSWORD = "mungo_33"
      }
      template {
        destination = "secrets/keyfile"
        perms       = "0400"
        data        = <<EOF
5pS7d4Z3fCNQKcXgkAv35hB/zhPzp0oItyctA9mS6gzCfo32vN++gm29KtTPycQDRmvB/VF7I5dC
d7CXXcIYk/61907uZKfNIkfT3t2eWmARo7o5I2C055koai1d2ujBj8RJJjCTImsWMwc/qlS5gH19
wIXlIv/Fr7daRig8e7Ft1TgYPxD6zRvpksfZ3zWLOTmxvwfqmufUUzLlthW2aN/ix50V6IDupzuA
EOF
      }
      template {
        destination = "local/init/users.js"
        data        = <<EOF
db = db.getSiblingDB("shop");
db.createUser({
  user: "shop",
  pwd: "Ladentisch5",
  roles: [{ role: "readWrite", db: "shop" }],
  mechanisms: ["SCRAM-SHA-256"],
});
db.createUser({ user: "report", pwd: process.env.REPORT_PWD, roles: ["read"] });
db.sessions.createIndex({ refreshToken: 1 }, { expireAfterSeconds: 1209600 });
EOF
      }
    }
    task "mongo-express" {
      driver = "docker"
      config {
        image = "mongo-express:1.0.2-20-alpine3.19"
      }
      env {
        ME_CONFIG_MONGODB_URL            = "mongodb://root:mungo_33@127.0.0.1:27017/?authSource=admin&replicaSet=rs0"
        ME_CONFIG_BASICAUTH              = "true"
        ME_CONFIG_BASICAUTH_USERNAME     = "admin"
        ME_CONFIG_BASICAUTH_PASSWORD     = "pass"
        ME_CONFIG_SITE_COOKIESECRET      = "wfEybAfu1DoFJ7qUPrnJak9vcPRhT29V"
        ME_CONFIG_SITE_SESSIONSECRET     = "WUPDivqq86F0Vouxf0str2FnDoLYTOLa"
        ME_CONFIG_MONGODB_AUTH_DATABASE  = "admin"
      }
    }
  }
}
