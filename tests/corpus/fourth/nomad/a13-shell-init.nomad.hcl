job "init" {
  type        = "batch"
  datacenters = ["dc1"]

  periodic {
    crons            = ["15 3 * * *"]
    prohibit_overlap = true
  }

  group "init" {
    task "seed" {
      driver = "exec"
      config {
        command = "/bin/bash"
        args    = ["-eu", "local/seed.sh", "--token-ttl", "30m"]
      }
      template {
        destination = "local/seed.sh"
        perms       = "0755"
        data        = <<EOS
#!/bin/bash
# Usage: DB_PASS=... ./seed.sh
set -euo pipefail

MYSQL_ROOT_PASSWORD='sLy1dfNAXrngk3fB'
export MYSQL_PWD="$MYSQL_ROOT_PASSWORD"
export VAULT_ADDR=https://vault.service.consul:8200
export VAULT_TOKEN="hvs.CAESICg7EE3LCamPcIOgv-H9wEnkCukRcvU1V0AV6J132oPqUc8ELau8oJL0lkBl9RpZQrLH1rNTjPZjZV2PNUBwL8Hd2"
export CONSUL_HTTP_TOKEN_FILE=/secrets/consul_token
ROLE_ID=f2f07173-0560-4073-aaef-b0e019b28dd6
SECRET_ID=bb872a71-27b4-4ea4-b49e-2e6dbb1a3545
API_TOKEN=$(cat /run/secrets/api_token)
TOKEN=$(curl -s -X POST "$VAULT_ADDR/v1/auth/approle/login" -d "{\"role_id\":\"$ROLE_ID\",\"secret_id\":\"$SECRET_ID\"}" | jq -r .auth.client_token)

mysql -h db.example.net -u root -p"lzm8dit1pJDP.Z" <<SQL
CREATE USER IF NOT EXISTS 'shop'@'%' IDENTIFIED BY 'Sparrow_Tango.81';
ALTER USER 'report'@'10.%' IDENTIFIED WITH mysql_native_password AS '*C223AF6E52AC0619FBA3C2122234AA6B027CF07F';
GRANT SELECT ON shop.* TO 'report'@'10.%';
SQL

mysqldump --single-transaction --user=backup --password=JTY0NbMgN7XHZ3fcMy shop | gzip > /tmp/shop.sql.gz
mysqldump --login-path=backup --password="${BACKUP_PW}" crm > /tmp/crm.sql

curl -fsS -u 'deploy:Fjord2017' -T /tmp/shop.sql.gz https://nexus.example.net/repository/raw/
curl -fsS -H "PRIVATE-TOKEN: glpat-8WDKHDmgeIJGaEkylkvX" https://gitlab.example.net/api/v4/projects/12/trigger/pipeline \
     -F token=glptt-c5e424dacc4653fa9d2a8636b7ccfde7e524ce1a -F ref=main
curl -fsS -H "Authorization: token $GH_TOKEN" -H 'X-Vault-Token: '"$(cat ~/.vault-token)"'' https://api.example.net/
wget -q --http-user=feed --http-password='cricket5983' https://feeds.example.net/prices.csv
mc alias set backup https://s3.example.net tQAOZNRM2Y6zOdEZeY9B 2W5Bf2kmXqYg1qSuIZwCqr9Z9R1XwtHI4NY8flIU --api S3v4
restic -r rest:https://restic:uVNVfidJqq58MB.RsoUt@backup.example.net/shop --password-file /secrets/restic backup /data
RESTIC_PASSWORD_COMMAND="pass show backup/restic"
sshpass -p cUx76Jn7KYi ssh -o StrictHostKeyChecking=no -i /root/.ssh/id_ed25519 backup@10.0.0.9 true
openssl enc -aes-256-cbc -pbkdf2 -pass pass:timber-larch-pilot-sorrel -in /tmp/shop.sql.gz -out /tmp/shop.enc
openssl rsa -in server.key -passin env:KEYPASS -out plain.key
zip -P Quarry_Pebble.16 /tmp/export.zip /tmp/export.csv
echo "dckr_pat_WEs6o4Z0Xg3_dyUldjmHKLX0xx1" | docker login -u ci-bot --password-stdin
docker login -u ci-bot -p "$DOCKERHUB_TOKEN" registry.example.net
htpasswd -nbB ops tDuhHn7ytA > /srv/htpasswd
echo "ops:Copper2019#" | chpasswd
redis-cli -a "$REDIS_PW" --no-auth-warning ping
if [ "$${#PASSWORD}" -lt 12 ]; then echo "password too short"; exit 1; fi
rabbitmqctl add_user worker "y9Kx5-D5FrLbW6I" && rabbitmqctl set_permissions worker '.*' '.*' '.*'
snmpwalk -v2c -c bramble3123 10.0.0.2
sed -i "s/@@DB_PASS@@/${DB_PASS}/" /srv/app.conf
EOS
      }
      resources { cpu = 50 }
    }
  }
}
