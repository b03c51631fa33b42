job "moodle" {
  datacenters = ["wydzial"]
  group "moodle" {
    task "moodle" {
      driver = "docker"
      config {
        image = "bitnami/moodle:4.4"
      }
      env {
        ALLOW_EMPTY_PASSWORD     = "no"
        MOODLE_USERNAME          = "user"
        MOODLE_PASSWORD          = "bitnami"
        MOODLE_DATABASE_PASSWORD = "moodle_dy43c4"
        # hasło do poczty jest takie samo jak do imap, proszę nie zmieniać bez Ani
        MOODLE_SMTP_PASSWORD     = "Dzi3kanat!"
        MOODLE_SMTP_PROTOCOL     = "tls"
        MOODLE_CRON_REMOTE_PASSWORD = ""
      }
    }

    task "ldap-sync" {
      driver = "docker"
      config {
        image      = "alpine:3.20"
        entrypoint = ["/bin/sh", "/local/sync.sh"]
      }
      template {
        destination = "local/sync.sh"
        perms       = "755"
        data        = <<SH
#!/bin/sh
# przykład użycia: sync.sh -w <hasło>
LDAP_PASS="gitara%Siema3"
API="https://moodle.kis.example/webservice/rest/server.php"
WSTOKEN=0ce23391ac41bc648d0bf98cff257abd
ldapsearch -x -H ldap://ldap.kis.example -D "cn=sync,dc=kis" -w "$LDAP_PASS" -b ou=students | \
  curl -sS -F wstoken="$WSTOKEN" -F wsfunction=core_user_create_users -F file=@- "$API"
mysqldump -h db.kis.example -u kopia -p'Kopia.Nocna2' moodle | gpg --batch --symmetric --passphrase slon-w-kuchni-31 > /backup/moodle.gpg
mysql --defaults-extra-file=/secrets/my.cnf -e 'select count(*) from mdl_user'
psql -w -h stats "sslmode=require dbname=stats user=ro"
SH
      }
    }
  }
}
