job "kiosk-nightly" {
  datacenters = ["osl1"]
  type        = "batch"

  periodic {
    crons            = ["30 2 * * *"]
    prohibit_overlap = true
  }

  parameterized {
    meta_required = ["run_key"]
  }

  group "batch" {
    task "nightly" {
      driver = "raw_exec"

      artifact {
        source      = "git::https://deploy:glpat-Z4Q9TG_VpJzgvlDex0KI@git.fjordkiosk.no/ops/nightly.git"
        destination = "local/nightly"
        options {
          ref   = "6d5ffcf7f5ebd8f7b5d21f644d467fd3ca5759bb"
          depth = 1
        }
      }

      artifact {
        source = "https://dl.fjordkiosk.no/pricelist/latest.tar.gz"
        options {
          checksum = "sha256:55392437b07790226acaeaf5bb1952153c76cff875d116e923fb7dabe18386d8"
        }
        headers {
          X-JFrog-Art-Api = "AKCp54QobiNCWVeBR9cFStvxw3Pwfutm41lDcmLaIPEYWJknUHKxCan8mExpPyZvrA2D1LOU9"
          Accept          = "application/gzip"
        }
      }

      artifact {
        source = "git@github.com:fjordkiosk/feeds.git"
        options {
          sshkey = "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0KYjNCbGJuTnphQzFyWlhrdGRqRUFBQUFBQkc1dmJtVUFBQUFFYm05dVpRQUFBQUFBQUFBQkFBQUFNd0FBQUF0emMyZ3RaVwpReU5UVXhPUUFBQUNCcTBwWGw3VHVDM2FWZE5uOFpzSzFmSFJZdFdnNW1KOWVPNExyUTJoUGlVdwotLS0tLUVORCBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0K"
        }
      }

      config {
        command = "/bin/bash"
        args    = ["local/run.sh"]
      }

      template {
        destination = "local/run.sh"
        perms       = "755"
        data        = <<EOF
#!/usr/bin/env bash
set -euo pipefail
TOKEN_FILE=/run/kiosk/token
ERP_PASS="trollunge\"42\""
export B2_APPLICATION_KEY_ID=006acf801978c4704566191b6
export B2_APPLICATION_KEY='K00333BHco0MVLzN15NWxl94o7rqxyU'

curl -fsS -u rk_live_51uQxVW9CftgNxbAA3wxUnlMb9DS6krIb9TN28yTkT: https://api.stripe.com/v1/payouts -d amount=100 -H "Idempotency-Key: payout-$(date +%F)"
curl -fsS --user "lager:$ERP_PASS" https://erp.fjordkiosk.no/prices.csv -o /tmp/prices.csv
curl -H 'Authorization: Token 91ae993cc3444ec853b30520685bdeddae98947d' https://pim.fjordkiosk.no/api/products | jq '.[] | .primary_key'
wget -q --http-user=feed --http-password=Fiskekake7 https://feed.leverandor.no/feed.xml

lftp -e "put /tmp/feed.xml; bye" -u googlefeed,XuX7BHQEfSfYGd sftp://uploads.google.com
sshpass -p 'b0k&hylle' scp /tmp/prices.csv pos@kasse1:/srv/prices/
mysql -h wp.fjordkiosk.no -u wp -pwpblogg99 blog < local/nightly/blog.sql
gpg --batch --passphrase-file /etc/kiosk/gpg.pass -c /tmp/prices.csv
redis-cli -h 10.20.0.14 -a "$REDIS_AUTH" --no-auth-warning FLUSHDB
read -r -s -p "Password: " unused || true
curl -fsS -m 10 --retry 5 https://hc-ping.com/$HC_ID > /dev/null
EOF
      }
    }
  }
}
