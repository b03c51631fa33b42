job "mariadb" {
  datacenters = ["dc1"]

  group "db" {
    task "mariadb" {
      driver = "docker"
      config {
        image   = "mariadb:11.4"
        volumes = ["local/init.sql:/docker-entrypoint-initdb.d/init.sql", "secrets/my.cnf:/data/.my.cnf"]
      }
      env {
        MARIADB_ROOT_PASSWORD      = "toor-but-Longer"
        MARIADB_RANDOM_ROOT_PASSWORD = "no"
        MARIADB_ROOT_HOST          = "localhost"
      }

      template {
        destination = "local/init.sql"
        data        = <<SQL
CREATE DATABASE IF NOT EXISTS matomo;
CREATE USER 'matomo'@'10.%' IDENTIFIED BY 'it''s-Raining-8';
GRANT ALL ON matomo.* TO 'matomo'@'10.%';
CREATE USER 'repl'@'%' IDENTIFIED BY PASSWORD '*40CEF6F9331C375955759E2DADDABF8B36D73606';
CREATE USER 'backup'@'localhost' IDENTIFIED VIA unix_socket;
ALTER USER 'matomo'@'10.%' PASSWORD EXPIRE NEVER;
SET PASSWORD FOR 'stats'@'%' = PASSWORD('pie-Chart-31');
CREATE TABLE matomo.tokens (id INT PRIMARY KEY, token VARCHAR(64) NOT NULL, password CHAR(60));
SQL
      }

      template {
        destination = "secrets/my.cnf"
        data        = <<CNF
[client]
user     = root
password = toor-but-Longer
ssl-key  = /secrets/client-key.pem

[mysqld]
key_buffer_size        = 64M
default_authentication_plugin = mysql_native_password
CNF
      }
    }

    task "proxysql" {
      driver = "docker"
      config {
        image   = "proxysql/proxysql:2.6.5"
        volumes = ["local/proxysql.cnf:/etc/proxysql.cnf"]
      }
      template {
        destination = "local/proxysql.cnf"
        data        = <<CNF
admin_variables=
{
  admin_credentials="admin:admin;radmin:remote-Thimble"
  mysql_ifaces="0.0.0.0:6032"
}
mysql_users:
(
  { username = "matomo" , password = "{{ key "matomo/db" }}" , default_hostgroup = 0 }
)
CNF
      }
    }
  }
}
