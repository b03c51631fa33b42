job "datastores" {
  datacenters = ["dc1"]
  group "stores" {
    task "postgres" {
      driver = "docker"
      config {
        image = "postgres:16.4"
      }
      template {
        destination = "local/initdb/10-roles.sql"
        data        = <<EOH
-- password_encryption is scram-sha-256, see postgresql.conf
SET password_encryption = 'scram-sha-256';
CREATE ROLE shop LOGIN PASSWORD 'MK+gf3od6i7nflW';
CREATE USER report WITH ENCRYPTED PASSWORD 'it''s-garnet4520';
ALTER ROLE metrics PASSWORD 'SCRAM-SHA-256$4096:3MHB7V/f6aj+NUOWjO1BIQ==$7OiSDUiwOQDNK9AqpoKwYyv0rrhNt+GM3hecPoEv8i8=:ST5CIsnCoKjZ3PgirxGyhy4hq2Dnu+SPvtCvGoYy6dY=';
ALTER ROLE guest PASSWORD NULL;
ALTER ROLE app VALID UNTIL 'infinity';
CREATE SERVER crm FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'crm-db', dbname 'crm');
CREATE USER MAPPING FOR shop SERVER crm OPTIONS (user 'fdw', password 'Nimbus2020#');
CREATE SUBSCRIPTION s CONNECTION 'host=pg-1 user=repl password=PUaOiRYkQpU22OWYJZRA' PUBLICATION p;
SELECT dblink_connect('crm', 'user=fdw password={{ key "pg/fdw" }} dbname=crm');
INSERT INTO users (name, password_hash) VALUES ('admin', '$2y$12$j0BgQ2gzlTZFmJ3xT6JI2L0uSaRN1X2iVpcmjSeXb.v0Yy56CfPBI');
INSERT INTO settings (key, value) VALUES ('password_reset_token_ttl', '3600');
COMMENT ON COLUMN users.token IS 'opaque token, hashed with sha256';
EOH
      }
    }
    task "redis" {
      driver = "docker"
      config {
        image   = "redis:7.4"
        command = "redis-server"
        args    = ["--aclfile", "/local/users.acl", "--masteruser", "repl", "--masterauth", "78XCOfDC96hG0uWD5wyZbT8b"]
      }
      template {
        destination = "local/users.acl"
        data        = <<EOH
user default off
user repl on >78XCOfDC96hG0uWD5wyZbT8b ~* +psync +replconf +ping
user app on #e3d4bdd0eb9cbaa9bd82779999dbf30f331a2d8652f474f0ae2a01ca4b3c3899 ~app:* &* +@all -@dangerous
user probe on nopass ~none +ping
EOH
      }
    }
    task "kafka" {
      driver = "docker"
      config { image = "bitnami/kafka:3.8" }
      template {
        destination = "local/jaas.conf"
        data        = <<EOH
KafkaServer {
  org.apache.kafka.common.security.plain.PlainLoginModule required
  username="broker"
  password="m8pPJ5lyvYHCQ2d+yg"
  user_broker="NQLI6rdwLynvbvCsGp"
  user_shop="Rowan.Magnet-19";
};
Client { com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true keyTab="/secrets/kafka.keytab" principal="kafka/k1@EXAMPLE.NET"; };
EOH
      }
      env {
        KAFKA_CFG_SASL_ENABLED_MECHANISMS = "PLAIN,SCRAM-SHA-512"
        KAFKA_CLIENT_PASSWORDS            = "larch9436"
        KAFKA_KRAFT_CLUSTER_ID            = "sUfHR2CjidDHIcWGE9HoYQ"
      }
    }
    task "mongo-init" {
      driver = "docker"
      config {
        image   = "mongo:7"
        command = "mongosh"
        args    = ["mongodb://mongo/admin", "-u", "root", "-p", "bfaVQpIk4mAkPKlN", "--eval", "db.createUser({user:'shop',pwd:'Otter2019#',roles:['readWrite']})"]
      }
    }
    task "asterisk" {
      driver = "docker"
      config { image = "andrius/asterisk:20" }
      template {
        destination     = "local/pjsip.conf"
        left_delimiter  = "<<%"
        right_delimiter = "%>>"
        data            = <<EOH
[trunk-auth]
type=auth
auth_type=userpass
username=4930123456
password=mhm8f0zeiz1e
[101]
type=auth
auth_type=md5
md5_cred=531b9bdce70555f34b382e403af19964
[102]
type=auth
password=<<% with nomadVar "voip/102" %>><<% .pin %>><<% end %>>
[voicemail]
101 => 7784,Empfang,empfang@example.de
EOH
      }
      template {
        destination = "local/manager.conf"
        data        = "[general]\nenabled=yes\n[ops]\nsecret = nettle620\nread = all\n"
      }
    }
    task "radius" {
      driver = "docker"
      config { image = "freeradius/freeradius-server:3.2" }
      template {
        destination = "local/clients.conf"
        data        = <<EOH
client localhost { ipaddr = 127.0.0.1  secret = testing123 }
client aps { ipaddr = 10.0.20.0/24  secret = "gIg.5_egq7x-VsU3qJ1k"  require_message_authenticator = no }
EOH
      }
    }
  }
}
