job "geo-tiles" {
  group "tiles" {
    task "tiles" {
      driver = "docker"
      artifact {
        source      = "git::https://oauth2:glpat-q5tA1AUkc9nb1_Gycy7Z@git.thv.internal/geo/styles.git?ref=81b6c40"
        destination = "local/styles"
      }
      artifact {
        source = "https://nexus.thv.internal/repository/raw/tiles/nl.mbtiles"
        headers {
          X-JFrog-Art-Api = "AKCpYn1sQxSDSGSFvVPsSgtjhxUr10EzaKkzU4S1Y9uipJv5cDAp6h4cYKHpcKyEctPSYiEJE"
        }
        options {
          checksum = "sha256:828b4acf1fe04e96fcd1a0b14c4e559ad28410924871dfbf109f4203aaab89e4"
        }
      }
      artifact {
        source = "s3::https://s3.eu-central-1.amazonaws.com/thv-geo/poi.tar.gz?aws_access_key_id=AKIAZ3CR5KLK7KINHKNY&aws_access_key_secret=5hk82DnQq6vmwwEeis%2F6lqF2KUYH3oTN82Sz0AEK"
      }
      artifact {
        source = "git::git@git.thv.internal:geo/api-keys-docs.git"
        options {
          sshkey = "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0KYjNCbGJuTnphQzFyWlhrdGRqRUE1OE5FSlpNUXo0Tk5uejRJYkNYV2RxelkxVmFyWWh2eE4xODhZcWNjbktRQgp2N3E2dFRQZmRZRnRKbTViVlBiNGhuejc2VUpoKzBxRTZzeld1UCtRVjAvYnlvR25NM1RzSkphenhka1RzemdnCkVlNlNxSHh1VG4xTVJLckVBaTlRZmdzZFovRmhVc3c9Ci0tLS0tRU5EIE9QRU5TU0ggUFJJVkFURSBLRVktLS0tLQo="
          depth  = 1
        }
      }
      config {
        image = "klokantech/tileserver-gl:v3.1.1"
        args  = ["--config", "/local/styles/config.json", "--public_url", "https://tiles.tillerhaven.example/"]
      }
      env {
        HERE_APP_ID   = "UqFduWObIzSB0Zy5CFrl"
        HERE_API_KEY  = "SxBJS2ypMptXAUETlloo5mjtbhBCv8TaPn-z02z3bQQ"
        BLOB_CONN     = "DefaultEndpointsProtocol=https;AccountName=thvgeo;AccountKey=vqxWUrpIF49Wh5yUVa/ZxOuzA/Rd2yfgE3TDCpOeXbHsq7Nrwx9jJnLaXaQ6mq8fL0XPHbrGMJyk8eCm5deQbA==;EndpointSuffix=core.windows.net"
        BASIC_B64     = "Z2VvOkthYXJ0LWVuLUtvbXBhcw=="
        STYLE_B64     = "eyJzdHlsZSI6Imtsb2thbnRlY2gtYmFzaWMiLCJ0b2tlbiI6ZmFsc2V9"
      }
    }
  }
}
