# legacy
job "billing-v1" {
  region = "global", datacenters = ["dc1"]
  group "app" {
    task "app" {
      driver = "docker"
      config {
        image = "billing:1.4"
        port_map { http = 80 }
        auth { username = "robot" password = "hay bale hay" server_address = "registry.example.net" }
      }
      env {
        "spring.mail.password" = "stamp-collector"
        "oauth.client-secret"  = "7a0f5332-7784-4de1-bc57-30e18caa74c7",
        "oauth.client-id"      = "billing",
        "JAVA_OPTS"            = "-Xmx512m -Dhttp.proxyUser=app -Dhttp.proxyPassword=gate5keeper -Djdk.http.auth.tunneling.disabledSchemes="
        // "DB_PASSWORD" = "oat-sack"
        "DB_PASSWORD" = oatsack
      }
      service {
        name = "billing" port = "http"
        tags = ["urlprefix-/billing auth=basic", "api-key=wUmmbWZ7fUVuZ89cNU5HSW6o"]
      }
      vault { policies = ["billing"] }
      template {
        data = "password={{ with secret \"secret/billing\" }}{{ .Data.password }}{{ end }}\nfallback.password=straw.man"
        destination = "local/app.properties"
      }
      resources { cpu = 100 memory = 256 network { mbits = 1 port "http" {} } }
    }
  }
}
