job "mirth" {
  datacenters = ["salle-a"]
  group "engine" {
    network {
      port "mllp" { static = 6661 }
      port "admin" { to = 8443 }
    }

    task "init-db" {
      driver = "docker"
      lifecycle {
        hook    = "prestart"
        sidecar = false
      }
      config {
        image   = "postgres:15"
        command = "psql"
        args    = ["-v", "ON_ERROR_STOP=1", "-f", "/local/init.sql", "postgresql://postgres:Urgences15h30@pg-mirth.service.consul/postgres"]
      }
      template {
        destination = "local/init.sql"
        data        = <<SQL
-- comptes techniques du moteur d'échanges
CREATE ROLE mirth LOGIN PASSWORD 'd''Artagnan-1844';
CREATE ROLE supervision LOGIN PASSWORD 'md5f710dfcfe8be605cdaf42d3f53c0b807';
CREATE ROLE bi_lecture NOLOGIN;
ALTER ROLE mirth VALID UNTIL '2027-01-01';
CREATE TABLE IF NOT EXISTS jeton (id serial, token_hash text NOT NULL, secret_ref text);
INSERT INTO jeton (token_hash, secret_ref) VALUES (DEFAULT, 'kv/mirth/insi') ON CONFLICT DO NOTHING;
SQL
      }
    }

    task "mirth" {
      driver = "docker"
      config {
        image   = "nextgenhealthcare/connect:4.5.0"
        volumes = ["secrets/mirth.properties:/opt/connect/conf/mirth.properties"]
      }
      template {
        destination = "secrets/mirth.properties"
        data        = <<EOF
dir.appdata = /var/mirth
https.port = 8443
password.minlength = 8
password.retrylimit = 5
password.expiration = 0
keystore.path = $${dir.appdata}/keystore.jks
keystore.storepass = K3ystore-Hl7
keystore.keypass = yncQJ7o0wS5d
keystore.type = JCEKS
database = postgres
database.url = jdbc:postgresql://pg-mirth.service.consul/mirth
database.username = mirth
database.password = d'Artagnan-1844
digest.algorithm = PBKDF2WithHmacSHA256
EOF
      }
      env {
        INSI_CERT_ALIAS    = "chu-insi-2025"
        SMTP_URL           = "smtps://mirth%40chu.example:Bloc%20Op%209@smtp.chu.example:465"
        SESAM_TOKEN_SERIAL = "80250000010042"
      }
    }
  }
}
