job "elk" {
  datacenters = ["dc1"]

  group "search" {
    task "elasticsearch" {
      driver = "docker"
      config {
        image = "docker.elastic.co/elasticsearch/elasticsearch:8.15.2"
      }
      env = {
        "ES_JAVA_OPTS"                    = "-Xms2g -Xmx2g"
        "ELASTIC_PASSWORD"                = "Juniper=Berry+Gin"
        "discovery.type"                  = "single-node"
        "xpack.security.enabled"          = "true"
        "xpack.security.http.ssl.key"     = "certs/es.key"
        "xpack.security.http.ssl.keystore.secure_password" = "UaTuXcbVubMHh5IuE7s2"
        "xpack.security.authc.token.timeout" = "20m"
        "xpack.security.authc.api_key.enabled" = "true"
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
        data        = <<EOF
server.publicBaseUrl: https://logs.moorhenlabs.com
elasticsearch.hosts: ["https://127.0.0.1:9200"]
elasticsearch.serviceAccountToken: "AAEAAWVsYXN0aWMva2liYW5hLnWJ8Lo25jqzaMhPl34MJv3LQ_4M7UXMkoeYYM0gD"
xpack.security.encryptionKey: "griyondx0hgk2y8pu805as256odag2au"
xpack.encryptedSavedObjects.encryptionKey: 929efee154820175c4e066fe66476d27
xpack.reporting.encryptionKey: {{ key "kibana/reporting" }}
xpack.encryptedSavedObjects.keyRotation.decryptionOnlyKeys: ["11bd195c9d0f5c166e50c39eb5788825"]
xpack.security.session.idleTimeout: 8h
EOF
      }
    }

    task "logstash" {
      driver = "docker"
      config {
        image = "docker.elastic.co/logstash/logstash:8.15.2"
      }
      template {
        destination = "local/pipeline/main.conf"
        data        = <<EOF
input {
  beats { port => 5044 ssl_enabled => true ssl_key => "/secrets/beats.key" }
}
filter {
  kv { field_split => "&" include_keys => ["token", "password"] }
  mutate { remove_field => ["password", "api_key"] }
}
output {
  elasticsearch {
    hosts    => ["https://127.0.0.1:9200"]
    user     => "elastic"
    password => "Juniper=Berry+Gin"
  }
  # http { url => "https://in.logs.betterstack.com" headers => { "Authorization" => "Bearer JouebKLYH3JMCezb93d0vsEY" } }
}
EOF
      }
    }
  }
}
