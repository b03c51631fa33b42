job "nextcloud" {
  group "nextcloud" {
    task "db" {
      driver = "docker"
      config {
        image = "mariadb:11.4"
        args  = ["--transaction-isolation=READ-COMMITTED", "--log-bin=binlog", "--binlog-format=ROW"]
      }
      env {
        MARIADB_ROOT_PASSWORD        = "wolkenbruch-root"
        MARIADB_DATABASE             = "nextcloud"
        MARIADB_USER                 = "nextcloud"
        MARIADB_PASSWORD             = "rMkhTOUAhTa5sSVf"
        MARIADB_ALLOW_EMPTY_ROOT_PASSWORD = "no"
      }
    }
    task "app" {
      driver = "docker"
      config {
        image = "nextcloud:30-fpm-alpine"
      }
      env {
        MYSQL_HOST               = "127.0.0.1"
        MYSQL_PASSWORD           = "rMkhTOUAhTa5sSVf"
        NEXTCLOUD_ADMIN_USER     = "chef"
        NEXTCLOUD_ADMIN_PASSWORD = "Kumulus#2022"
        REDIS_HOST_PASSWORD      = "${var.redis_password}"
        OBJECTSTORE_S3_BUCKET    = "nc-data"
        OBJECTSTORE_S3_KEY       = "SCW7R8WE0WSITYDWIPG8"
        OBJECTSTORE_S3_SECRET    = "53ee4ca8-1ec2-4083-959e-da68b22f3470"
        OBJECTSTORE_S3_SSE_C_KEY = "Qx/+5P0O5YkUAu87qFrUqEDTjZOWsivKu2hhADMu+R8="
        OBJECTSTORE_S3_USEPATH_STYLE = "true"
        SMTP_AUTHTYPE            = "LOGIN"
        SMTP_PASSWORD_FILE       = "/run/secrets/smtp"
        TRUSTED_PROXIES          = "10.0.0.0/8"
      }
    }
    task "collabora" {
      driver = "docker"
      config {
        image = "collabora/code:24.04.10.2.1"
      }
      env {
        aliasgroup1  = "https://cloud.example.org:443"
        username     = "collabora"
        password     = "buero2buero"
        extra_params = "--o:ssl.enable=false --o:ssl.termination=true --o:storage.wopi.max_file_size=0"
      }
    }
  }
}
variable "redis_password" {
  type = string
}
