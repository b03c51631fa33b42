job "geo-tiles" {
  type = "service"

  group "tiles" {
    task "tileserver" {
      driver = "exec"

      artifact {
        source      = "https://gitlab.example.org/api/v4/projects/418/packages/generic/tiles/4.1.0/tiles.tar.gz"
        destination = "local/app"

        headers {
          PRIVATE-TOKEN = "glpat-Nscfkn4HZf3uz7UarzsF"
        }

        options {
          checksum = "sha512:b342c1e3d6ff52ffc0170e8c098dc0a824405c644dda5b0641b0546fb092420fcb8790b3fc953512c533d7262dedad1753ab5256c0f83d7118e7e61fd571d43d"
        }
      }

      artifact {
        source      = "https://deploy:Sk1ff%2FHarbour%21@repo.example.org/raw/fonts.zip"
        destination = "local/fonts"
      }

      artifact {
        source      = "git::https://oauth2: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@github.com/example-org/tile-styles.git?ref=d86390461fa6ef4b24ec9705a0f9fda0ced9f5b8"
        destination = "local/styles"
      }

      artifact {
        source = "https://tiles.example.org/planet.mbtiles?access_token=wZt5D48Fz4mEnPPXRF5fpgs7aVYlQ1W8uoju&zoom=14"
        mode   = "file"
      }

      artifact {
        source      = "git::ssh://git@git.example.org/geo/private-layers.git"
        destination = "local/layers"

        options {
          sshkey = "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0KYjNCbGJuTnphQzFyWlhrdGRqRUFBQUFBQkc1dmJtVUFBQUFFYm05dVpRQUFBQUFBQUFBQkFBQUFNd0FBQUF0emMyZ3RaV1F5TlRVeE9RCkFBQUNEcTBjOHYxWnQ3bldnWDRyS2ZIczJtSmRCcFl5OXVMZTVpVGFRYk12M29DdwotLS0tLUVORCBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0="
          depth  = 1
        }
      }

      artifact {
        source = "https://mirror.example.org/natural-earth.zip"
        options {
          checksum = "file:https://mirror.example.org/natural-earth.zip.sha256"
        }
      }

      config {
        command = "local/app/tileserver"
        args    = ["--config", "local/styles/config.json", "--api-key-header", "X-Tiles-Key", "--tls-key", "${NOMAD_SECRETS_DIR}/tls.key"]
      }
    }
  }
}
