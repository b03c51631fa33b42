job "elastic" {
  group "es" {
    task "elasticsearch" {
      driver = "docker"
      config {
        image = "docker.elastic.co/elasticsearch/elasticsearch:8.15.2"
      }
      env = {
        ELASTIC_PASSWORD                         = "Gummiband+12"
        "discovery.type"                         = "single-node"
        "xpack.security.enabled"                 = "true"
        "xpack.security.http.ssl.key"            = "certs/http.key"
        "xpack.security.authc.token.timeout"     = "20m"
        "xpack.security.authc.password_hashing.algorithm" = "bcrypt10"
        KEYSTORE_PASSWORD                        = "p12-Laubfrosch"
      }
    }

    task "kibana" {
      driver = "docker"
      config {
        image   = "docker.elastic.co/kibana/kibana:8.15.2"
        volumes = ["local/kibana.yml:/usr/share/kibana/config/kibana.yml"]
      }
      template {
        destination = "local/kibana.yml"
        data        = <<YML
server.name: kibana
elasticsearch.hosts: ["https://es.service.consul:9200"]
elasticsearch.serviceAccountToken: "AAEAAWVsYXN0aWMva2liYW5hLJayHkgK9t5lLxDOy42w0RsmONQcvrJ1uqlWKLwosqSu8"
elasticsearch.requestHeadersWhitelist: [ authorization, x-found-token ]
xpack.encryptedSavedObjects.encryptionKey: 1c315a4c10a9477c291e946f828c8065
xpack.security.encryptionKey: 232789dc06e2ea2daa9cad1c861d311f
xpack.security.session.idleTimeout: "8h"
xpack.security.authc.providers:
  basic.basic1:
    order: 0
    hint: "Password of the wiki"
monitoring.ui.ccs.enabled: false
YML
      }
    }
  }
}
