job "arr" {
  datacenters = ["lab"]
  group "sonarr" {
    task "sonarr" {
      driver = "docker"
      config {
        image = "linuxserver/sonarr:4.0.9"
      }
      template {
        destination = "local/config.xml"
        data        = <<EOF
<Config>
  <Port>8989</Port>
  <AuthenticationMethod>Forms</AuthenticationMethod>
  <ApiKey>a6b97fb711f6f37c752c17fffe8e9f68</ApiKey>
  <SslCertPassword></SslCertPassword>
  <PostgresUser>sonarr</PostgresUser>
  <PostgresPassword>kestrel_umber_meadow_wren</PostgresPassword>
  <UrlBase>/sonarr</UrlBase>
</Config>
EOF
      }
    }
    task "exportarr" {
      driver = "docker"
      config {
        image = "ghcr.io/onedr0p/exportarr:v2.0"
        args  = ["sonarr", "--url", "http://localhost:8989", "--api-key", "a6b97fb711f6f37c752c17fffe8e9f68"]
      }
    }
    task "qbittorrent" {
      driver = "docker"
      config { image = "linuxserver/qbittorrent" }
      template {
        destination = "local/qBittorrent.conf"
        data        = <<EOF
[Preferences]
WebUI\Username=admin
WebUI\Password_PBKDF2="@ByteArray(06sAB4j3SfzkpS+YkB3zMA==:IWGLzLl7cOcDTTOWYVvQshyS76Jaf7Nj7CRGIeFlY+hMMIlX+CDaLmZY/6CwJwu9gzsDUqUOsJQCj52zOYMKcA==)"
WebUI\LocalHostAuth=false
Downloads\ScanDirsV2=@Variant(\0\0\0\x1c\0\0\0\0)
EOF
      }
      env {
        PLEX_CLAIM   = "claim-FCQFmwPIupTiQ7JUvmKq"
        PUID         = "1000"
        TMDB_API_KEY = "a7916cf17957e4ed15ad4cf5f18677aa"
        INFO_HASH    = "dfcfd72d8749105195afb2066d117e1c8014923c"
      }
    }
  }
}
