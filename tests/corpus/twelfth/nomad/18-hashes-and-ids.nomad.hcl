job "statuspage" {
  group "web" {
    task "web" {
      driver = "docker"

      config {
        image = "registry.beaconpages.example/status@sha256:5eafca5d05372bc129ee738eb8c159368946b77b1d3134ff8af87873265abad0"
      }

      env {
        ADMIN_PASSWORD_HASH = "$2b$12$vOC9sX3gwPP74VUmlLMLj7MqLAVoqjiYXS1lMQzVUv4wO7Q/mBPEt"
        VIEWER_HASH         = "$argon2id$v=19$m=65536,t=3,p=4$amz4VhmJlNAmUMmO/xnSiJ$njX5WBqMeY/RuTG9gPcxUPGUf/QGL7Z6XwOXSsqaCIW"
        GIT_COMMIT          = "bbd854077e482b10af2c4288be395399e408352d"
        RELEASE_ID          = "ed510668-c9c8-4150-89f2-442ab8a8cc39"
        ASSET_ETAG          = "6d9a7bf4c152442010db2b469942a395"
        INGEST_TOKEN        = "8651ecf6-cf90-4b49-917a-216baf5787d8"
        TENANT_ID           = "9688d8a8-51ea-468c-981d-bd86d7caf17d"
        CSP_SCRIPT_HASH     = "sha384-NyP9KFFpDp2Hqy0Hanoc+TKlrrmJ5UyqQXHOICLovbxxVHXPDH60ZdDlwDhGunJN"
      }

      template {
        destination = "secrets/htpasswd"
        data        = <<EOF
irene:$apr1$WwVVtcMQ$8e6KFsNWiEXWYgDCSstFG6
deploy:{SHA}4oX3iTEJ1lLTp9wj3d7pyhGQd4M=
EOF
      }
    }
  }
}
