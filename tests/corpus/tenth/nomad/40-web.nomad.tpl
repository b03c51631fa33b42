job "web-[[ .environment ]]" {
  datacenters = [[ .datacenters | toJson ]]

  group "web" {
    count = [[ .count ]]

    task "web" {
      driver = "docker"

      config {
        image = "registry.example.net/web:[[ .tag ]]"
        ports = [[ if .tls ]]["http", "https"][[ else ]]["http"][[ end ]]
      }

      env {
        DB_PASSWORD   = "[[ .db_password ]]"
        CACHE_PASSWORD = "Larder-52-Crow"
        COOKIE_SECRET = "373da16a2372a0cb4c1392d9daa1340f1b88793952dc54558629f1f801eee8c2"
        API_TOKEN     = "[[ env "WEB_API_TOKEN" ]]"
        MAPS_KEY      = "[[ or .maps_key "AIzaSytTrDpEt8UUxesN3mfcbGR4KV0M3WP4Hpe" ]]"
      }

      template {
        destination = "secrets/extra.env"
        env         = true
        data        = <<EOF
SMS_TOKEN={{ key "web/sms" }}
TWILIO_ACCOUNT_SID=ACd148d1d6843c9d74989b4307ce8b754b
TWILIO_AUTH_TOKEN=318b9d67a38b2b1e25b0b928294b8ad3
EOF
      }
    }
  }
}
