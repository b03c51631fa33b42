job "mongo" {
  group "rs0" {
    task "mongod" {
      driver = "docker"
      config {
        image = "mongo:7.0"
        args  = ["--replSet", "rs0", "--keyFile", "/secrets/keyfile", "--auth"]
      }
      env {
        MONGO_INITDB_ROOT_USERNAME = "root"
        MONGO_INITDB_ROOT_PASSWORD = "example"
        MONGO_INITDB_DATABASE      = "tokens"
      }
      template {
        destination = "secrets/keyfile"
        perms       = "0400"
        data        = <<EOF
qX0G5qXhxA6TIjQnFqMqe7JnPBOTLQ0Sl5Qhd4bwNCICmHt5aC9GRM9nXn93x1ghuuEjDVpmCmip
UW+RWkMpu4koAAMUEii6tlmbwnBnq2YKNGGUsoCnuF0Fpnp1guTMDGB5b3PTHPed2OrrCRniB5XX
yQhiIgYyjT6TXv5ImRo4PdKVuzYFzFzSAtB/S6bLoJScRoUvEkc+QPGOCwpfnC+VEnFwK91xhAJO
EOF
      }
      template {
        destination = "local/init.js"
        data        = <<EOF
db = db.getSiblingDB("shop");
db.createUser({
  user: "shop",
  pwd: "Marktplatz_eins",
  roles: [{ role: "readWrite", db: "shop" }],
  mechanisms: ["SCRAM-SHA-256"],
});
db.createCollection("api_tokens");
db.api_tokens.createIndex({ tokenHash: 1, secretVersion: 1 }, { unique: true });
db.users.updateMany({}, { $unset: { "passwordResetToken": "" } });
EOF
      }
    }

    task "exporter" {
      driver = "docker"
      config {
        image = "percona/mongodb_exporter:0.40"
        args = [
          "--mongodb.uri=mongodb://metrics:Zollstock-2m@127.0.0.1:27017/admin?authSource=admin&authMechanism=SCRAM-SHA-1",
          "--web.config.file=/local/web.yml",
        ]
      }
    }
  }
}
