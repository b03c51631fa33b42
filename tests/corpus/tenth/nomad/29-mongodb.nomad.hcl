job "mongo" {
  group "rs0" {
    count = 3

    task "mongod" {
      driver = "docker"

      config {
        image   = "mongo:7.0"
        command = "mongod"
        args    = ["--replSet", "rs0", "--keyFile", "/secrets/keyfile", "--auth"]
      }

      env {
        MONGO_INITDB_ROOT_USERNAME = "root"
        MONGO_INITDB_ROOT_PASSWORD = "Scoter-Isle-11"
      }

      template {
        destination = "secrets/keyfile"
        perms       = "400"
        data        = <<EOF
jlA6C9hCriuhLrRXLZckouBnOhAdkeJdc/3Zzo8anIUTfN7ggdtP6YnZmDHZR7zu
O1k0iAlgmhVS+93n0R6ApsghgI+8FVlSgLtmSu1duhoPu958nk8gKlfajPHk99Bf
rjvKXqnKiJUsa1vct7GfzF1oHuoKYd01LkmE3a6cZAa7n7N8hXc90f5zg9CBklty
8MoRr8UwWMGrttFnGvjl9aQE57nrHIM5xER0iYfNBTcx30v8BvsbUwYPLM3Npqo/
EOF
      }
    }

    task "api" {
      driver = "docker"

      config {
        image = "registry.example.net/api:209"
      }

      env {
        MONGO_URL    = "mongodb://api:p%40ddock%3AWren8@mongo-0.service.consul,mongo-1.service.consul/shop?replicaSet=rs0&authSource=admin"
        MONGO_RO_URL = "mongodb+srv://reader:IByhjfL8JIhhWD3ZIt@cluster0.mongo.example.net/shop"
        MONGO_NOAUTH = "mongodb://localhost:27017/test"
        MONGO_AUTH_MECHANISM = "SCRAM-SHA-256"
        JWT_SECRET   = "secret"
        REFRESH_SECRET = "36d63e5cd87831116e91d8ab1e10e8abecdcabf57d2d6811c00c067602fedc97"
      }
    }
  }
}
