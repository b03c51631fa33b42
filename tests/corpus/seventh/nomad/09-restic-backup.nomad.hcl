job "backup-nightly" {
  type        = "batch"
  datacenters = ["home", "office"]

  periodic {
    crons            = ["30 1 * * *"]
    prohibit_overlap = true
    time_zone        = "America/Denver"
  }

  group "backup" {
    task "restic" {
      driver = "docker"

      config {
        image      = "restic/restic:0.17.1"
        entrypoint = ["/bin/sh", "/local/run.sh"]
      }

      env {
        RESTIC_REPOSITORY    = "s3:https://s3.us-west-004.backblazeb2.com/tetonoutfit-restic"
        RESTIC_PASSWORD      = "trout stream granite 41 lupine"
        RESTIC_CACHE_DIR     = "/alloc/data/cache"
        AWS_ACCESS_KEY_ID    = "004aad80b891baf0000000003"
        AWS_SECRET_ACCESS_KEY = "K004kD0D3Ms8GbLkV3AZkGAs+M+X/sh"
        PGPASSFILE           = "/secrets/.pgpass"
        HEALTHCHECK_ID       = "hc-nightly"
      }

      template {
        destination = "secrets/.pgpass"
        perms       = "0600"
        data        = <<EOH
# hostname:port:database:username:password
pg1.tetonoutfit.com:5432:*:backup:Elk\:Ridge77
pg2.tetonoutfit.com:5432:shop:backup:ohPh7eeJ9eiM
EOH
      }

      template {
        destination = "local/run.sh"
        data        = <<EOH
#!/bin/sh
set -eu
# never echo the repository password here, the log goes to everyone
pg_dump -w -h pg1.tetonoutfit.com -U backup -Fc shop > /alloc/data/shop.dump
mysqldump --user=wp --password='Gr1zzly!Bear' --single-transaction wordpress > /alloc/data/wp.sql
mongodump --uri "mongodb://dump:n0Moose4U@mongo.tetonoutfit.com/catalog?authSource=admin" --archive=/alloc/data/catalog.gz --gzip
SSHPASS='W1ndRiver' sshpass -e rsync -a backup@nas.tetonoutfit.com:/photos /alloc/data/photos
openssl enc -aes-256-cbc -pbkdf2 -in /alloc/data/wp.sql -out /alloc/data/wp.sql.enc -pass pass:alpenglow9243
restic backup /alloc/data --tag nightly
restic forget --keep-daily 7 --keep-weekly 5 --password-file "$PWFILE" || true
curl -fsS -m 10 --retry 5 -H "Authorization: Bearer 8sOfKH8oxFfysjyGoUWGZ7Z54vFb4pBXNTQb" https://status.tetonoutfit.com/ping/backup
EOH
      }

      resources {
        cpu    = 800
        memory = 1024
      }
    }
  }
}
