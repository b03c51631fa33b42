job "nextcloud" {
  group "cloud" {
    task "app" {
      driver = "docker"
      config {
        image = "nextcloud:29-apache"
      }
      env {
        MYSQL_HOST               = "db.service.consul"
        MYSQL_DATABASE           = "nextcloud"
        MYSQL_USER               = "nextcloud"
        MYSQL_PASSWORD           = "nextcloud"
        MYSQL_ROOT_PASSWORD      = "root"
        NEXTCLOUD_ADMIN_USER     = "admin"
        NEXTCLOUD_ADMIN_PASSWORD = "ChangeMe123"
        REDIS_HOST_PASSWORD      = "<redis password>"
        SMTP_PASSWORD            = "ask Petra for the mail password"
        OBJECTSTORE_S3_KEY       = "AKIAIOSFODNN7EXAMPLE"
        OBJECTSTORE_S3_SECRET    = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        COLLABORA_ADMIN_PASSWORD = "__COLLABORA_PASSWORD__"
        TALK_SIGNALING_SECRET    = "8427a8c457537f39da097ce3d0ad5fd66708c3b3bfbe5df778e5c2cdde734ad6"
        IMAGINARY_KEY            = "${IMAGINARY_KEY}"
      }
    }
  }
}
