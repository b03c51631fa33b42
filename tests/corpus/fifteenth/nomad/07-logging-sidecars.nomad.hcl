job "tracking" {
  group "app" {
    task "wait-for-db" {
      driver = "docker"
      lifecycle {
        hook    = "prestart"
        sidecar = false
      }
      config {
        image   = "mariadb:11"
        command = "sh"
        args    = ["-c", "until mariadb -h db.example.org -u probe -pToadstool7 -e 'select 1'; do sleep 2; done"]
      }
    }

    task "app" {
      driver = "docker"
      config {
        image = "registry.example.org/tracking:51"
        logging {
          type = "gelf"
          config {
            gelf-address = "udp://graylog.example.org:12201"
            tag          = "tracking-token-service"
          }
        }
      }
      env {
        TRACKING_HMAC_KEY_ID = "trk-2024-02"
        TRACKING_HMAC_KEY    = "zGwE+q4bOZadvTOscxi6Tet68+g8uTKIGjuG+5cEiJI="
      }
    }

    task "vector" {
      driver = "docker"
      lifecycle {
        hook    = "poststart"
        sidecar = true
      }
      config {
        image = "timberio/vector:0.41.1-alpine"
        args  = ["--config", "/local/vector.toml"]
      }

      template {
        destination     = "local/vector.toml"
        left_delimiter  = "[["
        right_delimiter = "]]"
        data            = <<EOF
data_dir = "/alloc/data/vector"

[sources.app]
type = "file"
include = ["/alloc/logs/app.*"]

[transforms.scrub]
type = "remap"
inputs = ["app"]
source = '''
  .password = "[REDACTED]"
  .host = "{{ host }}"
'''

[sinks.es]
type = "elasticsearch"
inputs = ["scrub"]
endpoints = ["https://es.example.org:9200"]
auth.strategy = "basic"
auth.user = "vector"
auth.password = "Hm-3-Ferry-Rope"

[sinks.loki]
type = "loki"
inputs = ["scrub"]
endpoint = "https://logs-prod-eu.example.org"
[sinks.loki.auth]
strategy = "bearer"
token = "[[ key "tracking/loki_token" ]]"

[sinks.dd]
type = "datadog_logs"
inputs = ["scrub"]
default_api_key = "7cb33f0f79b2bf45f2d6f254d33b2289"
tls.key_file = "/secrets/client.key"
EOF
      }
    }

    task "fluent-bit" {
      driver = "docker"
      lifecycle {
        hook    = "poststart"
        sidecar = true
      }
      config {
        image = "fluent/fluent-bit:3.1"
        args  = ["-c", "/local/fb.conf"]
      }
      template {
        destination = "local/fb.conf"
        data        = <<EOF
[OUTPUT]
    Name              splunk
    Match             *
    Host              splunk.example.org
    Port              8088
    Splunk_Token      652aebac-cd6c-4f2e-b2a4-e67ca07efc53
    TLS               On

[OUTPUT]
    Name              http
    Match             audit.*
    Host              audit.example.org
    HTTP_User         fluent
    HTTP_Passwd       drizzle-on-tin
    Header            X-Tenant tracking
EOF
      }
    }
  }
}
