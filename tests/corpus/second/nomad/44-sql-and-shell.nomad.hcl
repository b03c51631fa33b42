job "bootstrap" {
  type = "batch"
  group "b" {
    task "b" {
      driver = "docker"
      config {
        image   = "registry.example.net/toolbox:5"
        command = "bash"
        args    = ["/local/bootstrap.sh"]
      }
      template {
        destination = "local/bootstrap.sh"
        data        = <<EOH
#!/bin/bash
: "$${PGPASSWORD:?set PGPASSWORD first}"
mysql -uroot -p8_bells_ <<MYSQL
CREATE USER IF NOT EXISTS 'app'@'%' IDENTIFIED BY 'mare''s nest';
ALTER USER 'root'@'localhost' IDENTIFIED WITH caching_sha2_password BY '8_bells_';
CREATE USER 'ro'@'%' IDENTIFIED WITH mysql_native_password AS '*B02BFD9D7535490B699B8DA3A320DD8B0DA124C9';
GRANT SELECT ON app.* TO 'ro'@'%';
CHANGE REPLICATION SOURCE TO SOURCE_HOST='db1', SOURCE_USER='repl', SOURCE_PASSWORD='dog_watch', GET_SOURCE_PUBLIC_KEY=1;
MYSQL
psql -v ON_ERROR_STOP=1 -v pw="$APP_PW" postgres <<-'PSQL'
	CREATE ROLE app LOGIN PASSWORD :'pw';
	CREATE ROLE legacy LOGIN ENCRYPTED PASSWORD 'md542b3788c22d9ee3a54004320ba1625db';
	CREATE USER MAPPING FOR app SERVER old OPTIONS (user 'app', password 'crow''s nest');
	ALTER ROLE app VALID UNTIL 'infinity'; -- password never expires
	CREATE SUBSCRIPTION s CONNECTION 'host=db2 user=repl password=dog_watch dbname=app' PUBLICATION p;
PSQL
sqlcmd -S sql -U sa -P "$SA_PASSWORD" -Q "CREATE LOGIN app WITH PASSWORD = N'Forecastle#1', CHECK_POLICY = OFF"
cat > /root/.pgpass <<EOF
db:5432:*:app:mare\'s nest\:2
EOF
cat > /root/.netrc <<EOF
machine git.example.net login ci password 73a1bb004901fe5f38721184605a7331a35cb4b8
EOF
cat > /root/.my.cnf <<EOF
[client]
password = "8_bells_"
EOF
EOH
      }
    }
  }
}
