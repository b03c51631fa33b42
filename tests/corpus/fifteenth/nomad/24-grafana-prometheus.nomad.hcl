job "metrics" {
  group "metrics" {
    task "grafana" {
      driver = "docker"
      config {
        image = "grafana/grafana:11.2.0"
      }
      env {
        GF_SECURITY_ADMIN_USER              = "admin"
        GF_SECURITY_ADMIN_PASSWORD          = "admin"
        GF_SECURITY_SECRET_KEY              = "SW2YcwTIb9zpOOhoPsMm"
        GF_DATABASE_URL                     = "mysql://grafana:p0tterywheel@my.example.org:3306/grafana"
        GF_AUTH_GITHUB_CLIENT_ID            = "Iv1.2f370ca197253400"
        GF_AUTH_GITHUB_CLIENT_SECRET        = "c4c200902c28c817a990d545cebe2b667d628fc8"
        GF_SMTP_PASSWORD                    = "$__file{/secrets/smtp}"
        GF_AUTH_TOKEN_ROTATION_INTERVAL_MINUTES = "10"
        GF_USERS_PASSWORD_HINT              = "at least twelve characters"
      }
      template {
        destination = "local/datasources.yaml"
        data        = <<EOF
apiVersion: 1
datasources:
  - name: Influx
    type: influxdb
    url: https://influx.example.org:8086
    jsonData:
      organization: example
      httpHeaderName1: Authorization
    secureJsonData:
      token: "oyHX5DrvVGWEgdGhBODtAQDNbYzNd_KGjHky9G3q4yFpzW1p8J_soVspmyApDZR3-f8pEu9Hc91AW0KkziZj1E=="
      httpHeaderValue1: "Token 6p5fm03gmflaZBWsGaj2YrWkAi9nLT4HltIQEwIV"
  - name: Postgres
    type: postgres
    user: grafana_ro
    secureJsonData: { password: Nutmeg.Quill.5 }
EOF
      }
    }
  }
}
