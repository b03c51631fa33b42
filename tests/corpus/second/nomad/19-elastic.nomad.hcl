job "elastic" {
  group "es" {
    task "es" {
      driver = "docker"
      config {
        image = "docker.elastic.co/elasticsearch/elasticsearch:8.15.0"
      }
      env = {
        "ELASTIC_PASSWORD"            = "Otters-Hold-Hands"
        "xpack.security.enabled"      = "true"
        "xpack.security.http.ssl.key" = "certs/es.key"
        "discovery.type"              = "single-node"
      }
    }
    task "kibana" {
      driver = "docker"
      config { image = "docker.elastic.co/kibana/kibana:8.15.0" }
      template {
        destination = "local/kibana.yml"
        data        = <<EOH
server.host: 0.0.0.0
elasticsearch.hosts: ["https://es.service.consul:9200"]
elasticsearch.username: kibana_system
elasticsearch.password: "kib-kib-hooray"
#elasticsearch.serviceAccountToken: "AAEAAWVsYXN0aWMva2liYW5hetDUY7vwbPOiYFgp0gMlHu1WPEUM7fowEqph9LSA"
elasticsearch.requestHeadersWhitelist: [ authorization ]
xpack.encryptedSavedObjects.encryptionKey: 4cfcfa84031ac41a1a979f4a3adccb50
xpack.reporting.encryptionKey: {{ key "kibana/reporting" }}
xpack.security.session.idleTimeout: 1h
xpack.screenshotting.browser.chromium.disableSandbox: true
EOH
      }
    }
    task "setup" {
      driver = "docker"
      lifecycle { hook = "poststart" }
      config {
        image   = "curlimages/curl:8.9.1"
        command = "sh"
        args    = ["-ec", <<-EOS
          curl -s --cacert config/certs/ca/ca.crt -u "elastic:Otters-Hold-Hands" -H "Content-Type: application/json" https://es:9200/_security/user/kibana_system/_password -d "{\"password\":\"kib-kib-hooray\"}"
          curl -s -XPOST https://es:9200/_security/role -u "elastic:${ELASTIC_PASSWORD}" -d '{"cluster":["manage_api_key"]}'
        EOS
        ]
      }
    }
  }
}
