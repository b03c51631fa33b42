job "pgbouncer" {
  type = "system"
  group "pool" {
    task "pgbouncer" {
      driver = "docker"
      config {
        image = "edoburu/pgbouncer:v1.23.1-p2"
        volumes = [
          "secrets/userlist.txt:/etc/pgbouncer/userlist.txt",
          "local/pgbouncer.ini:/etc/pgbouncer/pgbouncer.ini",
        ]
      }
      template {
        destination = "secrets/userlist.txt"
        data        = <<EOF
"billing" "SCRAM-SHA-256$4096:r6zi4QJVVDxP+WwUxUYbTQ==$r4oEhycJQNA6zRFQ3EPXcijYUcpthlDrimWKzRDZ7Gk=:veeF0ARAqX+D4W1iJvqp4JNBtls+RAqRfY3GnK+u4PI="
"legacy" "md5e321715c3d76bd63ac623a16971378f3"
"stats" "Zahlensalat"
EOF
      }
      template {
        destination = "local/pgbouncer.ini"
        data        = <<EOF
[databases]
billing = host=10.7.0.11 port=5432 dbname=billing
legacy  = host=10.7.0.12 dbname=legacy user=legacy password=0GW7cobe4GIEc7uq

[pgbouncer]
listen_port = 6432
auth_type = scram-sha-256
auth_file = /etc/pgbouncer/userlist.txt
auth_query = SELECT usename, passwd FROM pg_shadow WHERE usename=$1
client_tls_key_file = /secrets/tls.key
server_reset_query = DISCARD ALL
query_wait_timeout = 120
EOF
      }
      template {
        destination = "secrets/.pgpass"
        perms       = "0600"
        data        = <<EOF
# hostname:port:database:username:password
10.7.0.11:5432:billing:monitor:Kupfer\:Draht
*:*:*:readonly:postgres
EOF
      }
      template {
        destination = "secrets/odbc.ini"
        data        = <<EOF
[ODBC Data Sources]
LegacyDW = Vertica

[LegacyDW]
Driver     = /opt/vertica/lib64/libverticaodbc.so
ServerName = dw01.kraftwerk.example
UID        = pool
PWD        = xrVsvPW31IgG!
SSLKeyFile = /secrets/dw.key
PasswordFormat = plain
EOF
      }
    }
  }
}
