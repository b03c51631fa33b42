job "grafana" {
  group "grafana" {
    task "grafana" {
      driver = "docker"
      config {
        image = "grafana/grafana-oss:11.2.2"
      }
      env {
        GF_SECURITY_ADMIN_USER               = "admin"
        GF_SECURITY_ADMIN_PASSWORD           = "grafana"
        GF_SECURITY_SECRET_KEY               = "lJohTXyoZt2Y2riPu5Nj"
        GF_AUTH_GENERIC_OAUTH_CLIENT_ID      = "grafana-oss"
        GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET__FILE = "/run/secrets/oauth"
        GF_AUTH_GENERIC_OAUTH_TOKEN_URL      = "https://id.pegel.example/token"
        GF_SMTP_PASSWORD                     = "$__file{/etc/secrets/smtp}"
        GF_USERS_PASSWORD_HINT               = "Your LDAP password"
        GF_AUTH_LOGIN_MAXIMUM_INACTIVE_LIFETIME_DURATION = "7d"
      }
      template {
        destination = "local/provisioning/datasources/ds.yaml"
        data        = <<YAML
apiVersion: 1
datasources:
  - name: Influx
    type: influxdb
    uid: P08696A10F5575939
    url: http://influx.service.consul:8086
    jsonData:
      version: Flux
      organization: pegel
    secureJsonData:
      token: FS961umv6_h9waIwELQ9kN5v2XbbSCIzzGrim-beYbXmaxlNE_tVXfnrM-Le6FMlB6AcnZ4FDT9-a14VKWZ4hw==
  - name: Postgres
    type: postgres
    url: pg.service.consul:5432
    user: grafana_ro
    secureJsonData:
      password: nur-lesen-bitte-88
  - name: Loki
    type: loki
    url: https://logs-prod-eu.pegel.example
    basicAuth: true
    basicAuthUser: "418223"
    secureJsonData:
      basicAuthPassword: glc_OGBAsdIA09ld8AnyyevnBkDkFnLSVEUm6mL5BpRg3RyVxaOVsxwukMu0PBxrXHStsNzzcRdXdha1XBHG
  - name: CloudWatch
    type: cloudwatch
    jsonData:
      authType: keys
      defaultRegion: eu-west-1
    secureJsonData:
      accessKey: AKIANRETES2DSLMZHRGQ
      secretKey: 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
  - name: Tempo
    type: tempo
    secureJsonData:
      httpHeaderValue1: $TEMPO_BEARER
YAML
      }
    }
  }
}
