job "plausible" {
  group "plausible" {
    task "plausible" {
      driver = "docker"
      config {
        image   = "ghcr.io/plausible/community-edition:v2.1.4"
        command = "/bin/sh"
        args    = ["-c", "sleep 10 && /entrypoint.sh db migrate && /entrypoint.sh run"]
      }
      env {
        BASE_URL                = "https://stats.example.com"
        SECRET_KEY_BASE         = "y8VHGFA8FWOStj3PqA33V78inuCRcsjQSMdukEviWTaA+d09TaUJikmMzIykdCn2"
        TOTP_VAULT_KEY          = "ZruEGk0gA54oAl2s90dn0fcQ1LPKHW6BjWCUf+IYWg0="
        DATABASE_URL            = "postgres://postgres:postgres@plausible-db:5432/plausible_db"
        CLICKHOUSE_DATABASE_URL = "http://plausible:clickety-clack@events-db:8123/plausible_events_db"
        MAXMIND_LICENSE_KEY     = "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"
        MAXMIND_EDITION         = "GeoLite2-City"
        GOOGLE_CLIENT_ID        = "176649009235-yx6rx2wtreugqvnlndi8tnlwgjjxwl1b.apps.googleusercontent.com"
        GOOGLE_CLIENT_SECRET    = "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"
        DISABLE_REGISTRATION    = "invite_only"
      }
    }
    task "events-db" {
      driver = "docker"
      config {
        image   = "clickhouse/clickhouse-server:24.3-alpine"
        volumes = ["local/users.xml:/etc/clickhouse-server/users.d/plausible.xml:ro"]
      }
      template {
        destination = "local/users.xml"
        data        = <<XML
<clickhouse>
  <users>
    <plausible>
      <password>clickety-clack</password>
      <networks><ip>10.0.0.0/8</ip></networks>
      <access_management>0</access_management>
    </plausible>
    <reader>
      <password_sha256_hex>16bed33ededc7c11ee911a4ea8a6fc14f37543388251a8be60d6f8723ef72f12</password_sha256_hex>
      <profile>readonly</profile>
    </reader>
    <exporter>
      <ssl_certificates><common_name>exporter.example.com</common_name></ssl_certificates>
    </exporter>
  </users>
</clickhouse>
XML
      }
    }
  }
}
