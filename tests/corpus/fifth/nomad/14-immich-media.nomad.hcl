job "media" {
  datacenters = ["home"]

  group "photos" {
    task "immich" {
      driver = "docker"
      config {
        image = "ghcr.io/immich-app/immich-server:v1.115.0"
      }
      env {
        DB_HOSTNAME    = "127.0.0.1"
        DB_USERNAME    = "immich"
        DB_PASSWORD    = "postgres"
        REDIS_HOSTNAME = "127.0.0.1"
        JWT_EXPIRY     = "30d"
      }
    }

    task "postgres" {
      driver = "docker"
      config {
        image = "tensorchord/pgvecto-rs:pg14-v0.2.0@sha256:b836821f970a8b5301143adf18aed4c066b1b36744a09fc49c38033d630d8a91"
      }
      env {
        POSTGRES_USER        = "immich"
        POSTGRES_PASSWORD    = "postgres"
        POSTGRES_INITDB_ARGS = "--data-checksums --auth-host=scram-sha-256"
      }
    }
  }

  group "library" {
    task "sonarr" {
      driver = "docker"
      config {
        image   = "linuxserver/sonarr:4.0.9"
        volumes = ["local/config.xml:/config/config.xml"]
      }
      template {
        destination = "local/config.xml"
        data        = <<XML
<Config>
  <BindAddress>*</BindAddress>
  <Port>8989</Port>
  <ApiKey>e0d20008416ed5b352df5bd200da6abd</ApiKey>
  <AuthenticationMethod>Forms</AuthenticationMethod>
  <SslCertPassword></SslCertPassword>
  <Branch>main</Branch>
</Config>
XML
      }
    }

    task "exportarr" {
      driver = "docker"
      config {
        image = "ghcr.io/onedr0p/exportarr:v2.0"
        args  = ["sonarr", "--url", "http://127.0.0.1:8989", "--api-key=e0d20008416ed5b352df5bd200da6abd"]
      }
    }

    task "homepage" {
      driver = "docker"
      config {
        image = "ghcr.io/gethomepage/homepage:v0.9.9"
      }
      env {
        HOMEPAGE_VAR_JELLYFIN_KEY   = "53838d24bc7c609c541e5cc2a7080fb9"
        HOMEPAGE_VAR_QBIT_PASS      = "adminadmin"
        HOMEPAGE_FILE_PLEX_KEY      = "/secrets/plex"
        HOMEPAGE_ALLOWED_HOSTS      = "start.home.arpa"
      }
    }
  }
}
