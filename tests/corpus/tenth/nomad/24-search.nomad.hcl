job "search" {
  group "elastic" {
    task "elasticsearch" {
      driver = "docker"
      user   = "1000"

      config {
        image = "docker.elastic.co/elasticsearch/elasticsearch:8.15.0"
        ulimit {
          memlock = "-1"
        }
      }

      env {
        ELASTIC_PASSWORD = "Avocet-Bay-59"
        ES_JAVA_OPTS     = "-Xms2g -Xmx2g"
        XPACK_SECURITY   = "true"
      }
    }

    task "kibana" {
      driver = "docker"

      config {
        image = "docker.elastic.co/kibana/kibana:8.15.0"
      }

      template {
        destination = "local/kibana.yml"
        data        = <<EOF
server.publicBaseUrl: https://kibana.example.net
elasticsearch.hosts: ["https://es.service.consul:9200"]
elasticsearch.serviceAccountToken: "AAEAAWVsYXN0aWMva2liYW5hL3Rva2VuMTpuUXZXeXM4MXZwN2hCMWR4OFBwRDVL"
elasticsearch.ssl.certificateAuthorities: ["/local/ca.crt"]
xpack.security.encryptionKey: "V56P8DvbdIuWVRLrLnc5Wkmz31rG7XJR"
xpack.encryptedSavedObjects.encryptionKey: 943df8fcb7c207828836365d2a5a77aca758082b0e32bd79851ad8e25fcfb7f4
xpack.reporting.encryptionKey: {{ key "kibana/reporting" }}
xpack.security.session.idleTimeout: "8h"
xpack.security.authc.providers:
  basic.basic1:
    order: 0
EOF
      }
    }

    task "keystore" {
      driver = "exec"
      lifecycle {
        hook = "prestart"
      }
      config {
        command = "/bin/sh"
        args    = ["-c", "echo 'Teasel.Knot.3' | elasticsearch-keystore add -x bootstrap.password"]
      }
    }
  }
}
