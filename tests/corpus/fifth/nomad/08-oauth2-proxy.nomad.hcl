job "oauth2-proxy" {
  datacenters = ["dc1"]

  group "auth" {
    network {
      port "http" { to = 4180 }
    }

    task "proxy" {
      driver = "docker"
      config {
        image = "quay.io/oauth2-proxy/oauth2-proxy:v7.6.0"
        ports = ["http"]
        args = [
          "--http-address=0.0.0.0:4180",
          "--provider=github",
          "--client-id=Iv1.5df540c605bc2541",
          "--client-secret=14562565328824029db39c098a3afb341e2d52d4",
          "--cookie-name=_kw_oauth2",
          "--cookie-secret=iHnzG1shKxLREvQlJjDj2Wko4PaMNewMVuXm1BwxbBr=",
          "--cookie-expire=168h",
          "--pass-access-token=true",
          "--set-authorization-header=true",
          "--config=/local/proxy.cfg",
          "--htpasswd-file=/secrets/htpasswd",
          "--redis-connection-url=redis://:p4lm-Grove@${NOMAD_UPSTREAM_ADDR_redis}/2",
        ]
      }

      template {
        destination = "secrets/htpasswd"
        change_mode = "restart"
        data        = <<EOH
status:{SHA}aVGKUF884KGSoJNlmxNZnjyigpk=
grafana:$2y$05$LQf77l8c8eI07dYOap5KrO.X.0sd1PaFrGr0JP8DsRL20GEpizkN9
EOH
      }

      template {
        destination = "local/proxy.cfg"
        data        = <<EOH
email_domains = ["kestrelworks.net"]
upstreams = ["http://{{ range service "wiki" }}{{ .Address }}:{{ .Port }}{{ end }}"]
skip_auth_regex = ["^/healthz"]
basic_auth_password = "legacy-Hatch-61"
# signature_key = "sha1:bronze-kettle-dune"
github_org = "kestrelworks"
cookie_refresh = "1h"
EOH
      }
    }
  }
}
