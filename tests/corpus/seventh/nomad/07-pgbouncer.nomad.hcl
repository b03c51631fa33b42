job "pgbouncer" {
  type     = "system"
  priority = 80

  group "pool" {
    network {
      port "pg" { static = 6432 }
    }

    task "pgbouncer" {
      driver = "exec"

      config {
        command = "/usr/sbin/pgbouncer"
        args    = ["-u", "nobody", "local/pgbouncer.ini"]
      }

      template {
        destination = "local/pgbouncer.ini"
        data        = <<EOF
[databases]
billing  = host=10.3.0.11 port=5432 dbname=billing
ledger   = host=10.3.0.11 port=5432 dbname=ledger user=ledger_rw password=cobalt-Finch-88
reports  = host=10.3.0.12 dbname=reports user=ro password='it''s a read only one' pool_size=5

[pgbouncer]
listen_addr = 0.0.0.0
listen_port = 6432
auth_type = scram-sha-256
auth_file = /local/userlist.txt
auth_user = bouncer
auth_query = SELECT usename, passwd FROM pg_shadow WHERE usename=$1
admin_users = bouncer
server_tls_sslmode = verify-full
server_tls_key_file = /etc/pgbouncer/server.key
ignore_startup_parameters = extra_float_digits
EOF
      }

      template {
        destination = "local/userlist.txt"
        change_mode = "signal"
        change_signal = "SIGHUP"
        data        = <<EOF
"bouncer" "Aib6quaC62lb"
"billing" "md50fe7ee5fc324bdb2e1142a21c402364f"
"ledger_rw" "SCRAM-SHA-256$4096:k1RxIbOBUaWM6UmC9WqGeQ==$o74SZV3OUo6nwFaHOhi45zWByb6HwLxKuKkp4nVaGJc=:gZ6gABFxTJTd1boYQ/p0FwsbAbWbNrZy05pEaLvzUUQ="
"metrics" "metrics"
EOF
      }

      resources {
        cpu    = 200
        memory = 64
      }
    }
  }
}
