job "mongo" {
  datacenters = ["dc1"]

  group "rs0" {
    task "mongod" {
      driver = "docker"
      config {
        image   = "mongo:7"
        command = "mongod"
        args    = ["--replSet", "rs0", "--keyFile", "/secrets/keyfile", "--bind_ip_all", "--tlsMode", "preferTLS"]
      }
      env {
        MONGO_INITDB_ROOT_USERNAME = "root"
        MONGO_INITDB_ROOT_PASSWORD = "Llama.drama.55"
      }

      template {
        destination = "secrets/keyfile"
        perms       = "0400"
        data        = <<KEYFILE
o0StaACQF0XyESCiapbmMj8FN6lvySncOpM6oGDoJ3ASQ4ZXfFdMhX7Edufg4dxD
3PHz/OdfQ/ctPeEu6J7oEX6TBq1ZXJE4zngiql1rdEqJhpMPvTf4LzFQqaqeeC8K
tVc+tDO+CPTP0VB8VrqTJ63txeWJLdr1w43+W9hgpt7SUKGSWk+OKeJTFKiDpEwg
KEYFILE
      }
    }

    task "users" {
      driver = "docker"
      lifecycle {
        hook = "poststart"
      }
      config {
        image   = "mongo:7"
        command = "mongosh"
        args = [
          "mongodb://root:Llama.drama.55@127.0.0.1/admin",
          "--eval", "db.getSiblingDB('shop').createUser({user: 'shop', pwd: 'shelf-Ivory-26', roles: ['readWrite']})",
        ]
      }
    }

    task "dump" {
      driver = "docker"
      config {
        image   = "mongo:7"
        command = "/bin/sh"
        args    = ["-c", "mongodump --uri=\"mongodb+srv://dump:hib5tmrxjfZbAtEegk@shop.x1y2z.mongodb.net/shop\" --gzip --archive=/alloc/data/shop.gz && mongodump -u audit -p Kontrolle9 --authenticationDatabase admin"]
      }
      env {
        DUMP_ENCRYPTION_KEY_ID = "arn:aws:kms:eu-central-1:417203985521:key/e17dff29-df65-404f-ade0-3930f7fb5263"
      }
    }
  }
}
