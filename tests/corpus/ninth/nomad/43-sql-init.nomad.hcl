job "db-init" {
  type = "batch"

  group "init" {
    task "psql" {
      driver = "docker"
      config {
        image   = "postgres:16"
        command = "psql"
        args    = ["-h", "pg.service.consul", "-U", "postgres", "-f", "/local/init.sql"]
      }
      env {
        PGPASSFILE = "/secrets/pgpass"
      }
      template {
        destination = "secrets/pgpass"
        perms       = "0600"
        data        = "pg.service.consul:5432:*:postgres:Grundstein1874\n"
      }
      template {
        destination = "local/init.sql"
        data        = <<SQL
CREATE ROLE shop LOGIN PASSWORD 'Ladentheke-5';
CREATE ROLE audit LOGIN PASSWORD 'SCRAM-SHA-256$4096:ZlTJ/+TZD+HGuHDxM2K3TQ==$74FDcap/sGAqbRwU2XVwq+Wup9scg/gM8/mwYAsxVHt=:rhOu9w611hU2Z5B7qivSHtGMy66gesWEMbKXaxrA4yT=';
ALTER ROLE report WITH ENCRYPTED PASSWORD 'O''Malley zaehlt';
CREATE ROLE readonly NOLOGIN;

CREATE TABLE users (
  id bigint PRIMARY KEY,
  password_digest text NOT NULL,
  reset_token varchar(64),
  api_key_id uuid
);
COMMENT ON COLUMN users.reset_token IS 'token of a password reset, one hour';

CREATE USER MAPPING FOR shop SERVER legacy
  OPTIONS (user 'reader', password 'Altbestand_1998');

INSERT INTO settings (name, value) VALUES
  ('password_min_length', '12'),
  ('smtp_password', 'Depesche_77'),
  ('token_algorithm', 'RS256');
SQL
      }
    }
  }
}
