job "zk" {
  datacenters = ["dc1"]
  constraint {
    "attribute" = "${meta.role}"
    "value"     = "keystore"
  }
  group "zk" {
    task "zk" {
      driver = "docker"
      config {
        "image" = "zookeeper:3.5"
        "port_map" {
          "client" = 2181
        }
        "logging" {
          "type" = "splunk"
          "config" {
            "splunk-token" = "a43f159f-2ee3-405e-b322-5b40e9b08473"
            "splunk-url"   = "https://splunk.example.net:8088"
            "splunk-sourcetype" = "zk_token_log"
          }
        }
      }
      env {
        "ZOO_SUPER_DIGEST" = "super:jh6MiFvqDLyGcdmS77AedtCVk6E="
        "JMX_PASSWORD"     = "Coral_Saddle-31"
        # "JMX_PASSWORD"   = "kestrel2316"
        "KEYTAB_PATH"      = "/etc/security/zk.keytab"
        "S3_ACCESS_KEY"    = "AKIA653OXUJOOQ6LNBY4"
        "S3_SECRET_KEY"    = "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"
        "EXHIBITOR_PASSWORD" = "${meta.exhibitor_pw}"
      }
      template {
        destination = "secrets/java.env"
        env = true
        data = <<EOF
SERVER_JVMFLAGS="-Dzookeeper.ssl.keyStore.password=aZJWtw14x4km"
ADMIN_TOKEN={{ with secret "secret/zk" }}{{ .Data.token }}{{ end }}
EOF
      }
    }
  }
}
