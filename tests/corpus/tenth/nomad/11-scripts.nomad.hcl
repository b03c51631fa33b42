job "nightly" {
  type = "batch"

  periodic {
    cron      = "0 3 * * *"
    time_zone = "Europe/Berlin"
  }

  group "nightly" {
    task "dump" {
      driver = "exec"

      config {
        command = "/bin/bash"
        args    = ["local/run.sh"]
      }

      template {
        destination = "local/run.sh"
        perms       = "755"
        data        = <<EOF
#!/bin/bash
set -euo pipefail
export PGPASSWORD='Juniper-Wharf-05'
pg_dump -h pg.service.consul -U dump -w shop | gzip > /tmp/shop.sql.gz
mysqldump -h my.service.consul -u dump -pmaple4Stork crm > /tmp/crm.sql
mongodump --host mongo.service.consul --username dump --password "SHvvtXDIk43BROWi" --out /tmp/mongo
curl -fsS -u uploader:Cinder_Quay_9 -T /tmp/shop.sql.gz https://dav.example.net/backups/
curl -fsS -H "Authorization: Bearer BmTi74rY7qtio03Zn6c2UuA62qIS99MW9W9o0g5S" -X POST https://hooks.example.net/done
curl -fsS -H "X-Api-Key: $API_KEY" https://status.example.net/ping
openssl enc -aes-256-cbc -pbkdf2 -pass file:/etc/backup/pass -in /tmp/crm.sql -out /tmp/crm.enc
zip -q -P walnut-63-press /tmp/all.zip /tmp/*.gz
read -r -s -p "Password: " CONFIRM < /dev/null || true
sshpass -p 'Tansy$Row$18' scp /tmp/all.zip backup@nas.example.net:/pool/
ssh -i /home/.ssh/id_backup backup@nas.example.net prune
EOF
      }
    }
  }
}
