job "db-init" {
  type = "batch"
  group "init" {
    task "postgres" {
      driver = "docker"
      config {
        image   = "postgres:15"
        command = "psql"
        args    = ["-f", "/secrets/init.sql", "postgresql://postgres:postgres@${attr.unique.network.ip-address}:5432/postgres"]
      }
      template {
        destination = "secrets/init.sql"
        data        = <<SQL
-- roles of the library
CREATE ROLE katalog LOGIN PASSWORD 'Bücher''wurm''64';
CREATE USER leser WITH ENCRYPTED PASSWORD 'md594b6fe0ad4b4dc5d35534b7308dbbc18' VALID UNTIL '2026-12-31';
ALTER ROLE ausleihe PASSWORD NULL;
CREATE EXTENSION IF NOT EXISTS pgcrypto;
CREATE TABLE access_tokens (
  id bigserial PRIMARY KEY,
  token_hash bytea NOT NULL,
  password text CHECK (length(password) > 8)
);
INSERT INTO settings (key, value) VALUES ('isbn_api_key', 'ao7h8jje4h9y571q9p48o3kprjxqeckb'), ('password_policy', 'strict');
CREATE SERVER archiv FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '10.3.3.3', dbname 'archiv');
CREATE USER MAPPING FOR katalog SERVER archiv OPTIONS (user 'fdw', password 'aVjEDitx5IcYSl');
SQL
      }
    }

    task "mysql" {
      driver = "docker"
      config {
        image = "mysql:8.0"
      }
      template {
        destination = "secrets/grants.sql"
        data        = <<SQL
CREATE USER 'opac'@'10.%' IDENTIFIED BY 'Leihfrist28Tage';
CREATE USER 'repl'@'%' IDENTIFIED WITH 'mysql_native_password' AS '*2DC1482B61647D443685B4463A3FB56AEAE4FE54';
GRANT SELECT ON opac.* TO 'opac'@'10.%';
CHANGE REPLICATION SOURCE TO SOURCE_HOST='10.3.3.9', SOURCE_USER='repl', SOURCE_PASSWORD='g1YLS0myCiEojjRXEcTk', GET_SOURCE_PUBLIC_KEY=1;
SQL
      }
    }

    task "mongo" {
      driver = "docker"
      config {
        image = "mongo:7"
      }
      template {
        destination = "secrets/init.js"
        data        = <<JS
db = db.getSiblingDB('digital');
db.createUser({
  user: 'scan',
  pwd: "Pergament§12",
  roles: [{ role: 'readWrite', db: 'digital' }],
});
db.createUser({ user: 'admin', pwd: passwordPrompt(), roles: ['root'] });
db.tokens.createIndex({ "token": 1 }, { expireAfterSeconds: 86400 });
JS
      }
    }
  }
}
