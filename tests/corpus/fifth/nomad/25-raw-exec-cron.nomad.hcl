job "nightly" {
  datacenters = ["dc1"]
  type        = "batch"

  periodic {
    cron = "30 2 * * *"
  }

  group "jobs" {
    task "erp-export" {
      driver = "raw_exec"
      config {
        command = "/bin/bash"
        args    = ["-c", "curl -fsS -u export:Ledger-Koala-5 https://erp.brightwater.io/export.csv -o /tmp/e.csv && sshpass -p 'f4x machine' scp -P 2022 /tmp/e.csv drop@sftp.steuerberater.de:/in/"]
      }
    }

    task "mysqldump" {
      driver = "raw_exec"
      config {
        command = "/usr/bin/sh"
        args = [
          "-c",
          <<-SH
            set -e
            mysqldump -h 10.1.4.20 -u dumper -pgrauer_Star7 legacy | gzip > /backup/legacy.sql.gz
            echo "moss green tractor" | gpg --batch --passphrase-fd 0 -c /backup/legacy.sql.gz
            smbclient //nas/backup -U 'svc_backup%Nas-Nas-Nas3' -c 'put /backup/legacy.sql.gz.gpg'
            ssh -i /data/.ssh/backup_ed25519 -p 2222 backup@10.1.9.2 touch /done
            wget --header="PRIVATE-TOKEN: glpat-ZDzLuMAPNfHSlM3IsV4t" -qO- https://gitlab.com/api/v4/projects/118/trigger
            mkdir -p /backup/archive
          SH
        ]
      }
    }

    task "ldap-sync" {
      driver = "raw_exec"
      config {
        command = "ldapsearch"
        args    = ["-H", "ldaps://dc01.office.lan", "-D", "svc-sync@office.lan", "-w", "Dom!Controller1", "-b", "dc=office,dc=lan", "(memberOf=cn=staff)"]
      }
    }

    task "ipmi" {
      driver = "raw_exec"
      config {
        command = "ipmitool"
        args    = ["-I", "lanplus", "-H", "10.1.0.61", "-U", "ADMIN", "-P", "ADMIN", "sdr", "list"]
      }
    }

    task "snmp" {
      driver = "raw_exec"
      config {
        command = "snmpget"
        args    = ["-v3", "-l", "authPriv", "-u", "monitor", "-a", "SHA", "-A", "auth-Birch-44", "-x", "AES", "-X", "priv-Cedar-45", "10.1.0.2", "1.3.6.1.2.1.1.3.0"]
      }
    }

    task "s3-sync" {
      driver = "raw_exec"
      config {
        command = "aws"
        args    = ["s3", "sync", "/backup", "s3://bw-backup", "--sse", "aws:kms", "--sse-kms-key-id", "b6f0e7b8-7f89-4559-8d57-3ea928b28241", "--profile", "backup"]
      }
    }
  }
}
