job "keys" {
  group "keys" {
    task "deploy" {
      driver = "docker"
      config { image = "registry.example.net/deploy:2" }
      template {
        destination = "secrets/id_rsa"
        perms       = "600"
        data        = <<EOH
-----BEGIN RSA PRIVATE KEY-----
H3LDUWFCWSPJ7f0AL1xNVNwJJYW25Bj6c4/bb1mgndFl00zVlls9/NrZ6seX9Sqb
zpyrQg3oK8I197GrEQvP1NtdLTMU2r2K/P2CJCf8gJ6LMlrCIPHRCD9oiPlibb5y
zeSavS4yoVFjtlOZKntds4fOxsTiG50+c+7WE0hF5DKROmAbp5SLAkx1ECrnG5/N
A9YGsx5LnTHUZ/fmRRiLhk0SG3dTxodO8iWLqhKIQYzjoHELoR/VyKK5GhBGYQNX
iGMJ/803Z6LnjSiffF4llC5KLtuqLjZW8IgdN60RaA==
-----END RSA PRIVATE KEY-----
EOH
      }
      template {
        destination = "secrets/kubeconfig"
        data        = <<-EOH
          apiVersion: v1
          kind: Config
          clusters:
            - cluster: { server: "https://k8s.example.net:6443", certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCnl3aWU0bTI4QzBCSTVCWnNkTUdXeVFXUUFJeUFPa2VnY25HaWltVlUwMUtyME53N1FNQkZDbTVCRHU4cW5xYUYKeXNWdXRoWS9rL0NKWGlkYjNDQWlBb1doZjRkUVh2VG9LeUY0bExLeVhiVzBFOFpvRk1ZWUszWnRFbE5xcFk4Nwp5YmxqZzFidFloYkdiaVNEMU9xWGdWY21CTUt1OU43UgotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg== }
              name: prod
          users:
            - name: ci
              user:
                client-certificate-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCm9FcFcwZThjR2hhUHlObVJJZ2NrNWZiZ1UyeDNDSzQwS1ZOYktYYWFIQ1pZM3VOVlllUDhhK2hQTGF4dGZ6QjcKazRZbnRsVWZTU3FhdTZFWUZXSVdGUEtTdE5LeUF1VFp0Tk5nZGFuYWdYSS9CZ0VXT0dmRUZnbkNjbkNjSzlieQp4dWIwR240YW5TbHlleFlxaVpDSU9ERkFkMmd4Rno3WgotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg==
                client-key-data: LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWS0tLS0tCmZLTHBLNDR4c2U5My9OYnVLOVFHTW5LUmVXY1NXOURrcE5sYWpsdzBPa25lR0tqS1BQWjB1MnIvYXFuYjZyUFAKTVJhclBVN0RXamhDQnBTOTkzWW1aRFpKbGJSKzdoMEIrTHhWb2pQVU1iQkFDazhzd2dnbHZDbWFDdDFOUVlnbwpkZTRuNXozQ2NHZ0hLQUNRYTJ1TVRCMEgyQzcvcDFGegotLS0tLUVORCBFQyBQUklWQVRFIEtFWS0tLS0tCg==
            - name: bot
              user: { token: eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiAiY3J5am1uIiwgImlhdCI6IDE3MDI0MDI3NDF9.ZjxXb3VwuppOidPGg8X6QLdGV9JgUT0AoDGeWPKjqrc }
        EOH
      }
      template {
        destination = "secrets/dockerconfig.json"
        data        = <<EOH
{"auths":{"ghcr.io":{"username":"bot","password":"ghp_yTT2DutwYLOh64kNqAFaHui1o3rVaS9TmYoR","auth":"Ym90Om5vdC10aGUtc2FtZS1vbmU="}},"credHelpers":{"gcr.io":"gcloud"}}
EOH
      }
      template {
        destination = "local/known"
        data        = <<EOH
-----BEGIN CERTIFICATE-----
V5zOdrtXN3sDt72Ln+tPRTHa2ZjDy7tTDXr2ulgv1Hn3pL3SvCXQTpwWPTxZBxT4
SuXVb0xqfHAdfa5wrI28IwRGZ9VimdxVGExVsInDclRxgdgQ30AWPWuKt/a9Pwy5
7m04tkJLCVuGNDqVMFPcmC6zHjNvIVUI9F9rWpl9nhl5AQo3zDJmRpmR6V14GiLt
cuMUCuCmnCzODTTgZtWJxyvxFfBPOYf+fxSqJjXM5Q==
-----END CERTIFICATE-----
-----BEGIN PGP PUBLIC KEY BLOCK-----
HOCA7CLDyPG/kOTBANIvRGng5IHosBajiWFZCX4SpAHAvnKazKlOyelbfxVYDyeD
y1g1dYBaTd/b+ixv1h3BJZi8aZI3eXzW8HM3ImOL+7kxCFmY0fhMqM82SUDS/84B
rI7NiF3nwoYmQAjENphI/wqgAwvJf61E7qHiQ7+h1w==
-----END PGP PUBLIC KEY BLOCK-----
ssh-rsa AAAAB3NzaC1yc2E4dWkcLrIHNY1vesCVFNgogAYvrd8aLY3Oy3dS0DhJj6ER7BwsmTYDgOqv4vvjCHWPY94fMuxv56ElGJ3 deploy@example.net
EOH
      }
      env {
        SSH_PRIVATE_KEY_B64 = "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0KeXlFcVk1YzZSekd2TFZGTlF6NEsyWlRSSTVxMUpZS3JDaGdDS2NGOGFOUFVRQVVhUFdTb0tPeXhkNHE0Y294SAp5aUdWWkxMRUdad2dZKy9LREg2M080TDhQa3RrcjBzbzBBYnJNbTlyaXlIUFRHSmlxMHFMVU8xbHhQOXZ1MTBFCmRrSUNSQWlEL1VwODZ6R04vWXhqQ0JmR0lBejRXOHlPCi0tLS0tRU5EIE9QRU5TU0ggUFJJVkFURSBLRVktLS0tLQo="
        CA_BUNDLE_B64       = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCmV1TDRrbE11dmxjaFJDS1AvWEJrVzBFaVU1YUpCL2NOS29LdHJMcmhuMGIzeCt0UVp0eDd6aXhHbHpJT1huc24KcmZLRGxkQkgxZHJ4Z3Q5S3Z1VlFhbjFiRjdIRjljRFBXVzJCb2pwVVB0Q3UzVURhYTdmRGlqVmpKSnFOT21aVwpUTzZJZE52N0p0NW9aRzl5REhEd0RsRGg4cmdmcE1CVAotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg=="
        KEY_PASSPHRASE      = "snow bunting on the cairn"
        AGE_SECRET_KEY      = "AGE-SECRET-KEY-11K2PKHO4D990I19LXKJY9J4Z0DTGV3SO7NHV29RF4BEXWFIUBNNHQ6UJ3F"
        AGE_RECIPIENT       = "age1nuh1nxvx9fgjwep6ih7immt23j1bma4hwz4ecsc6430gir8cv6hm9q5i59"
        AUTH_B64            = "eyJ1c2VyIjoic3ZjIiwicGFzc3dvcmQiOiJsaW1lLWtpbG4ifQ=="
        CONF_B64            = "eyJjb2xvciI6ImJsdWUiLCJ0b2tlbnMiOjN9"
        FAVICON             = "data:image/png;base64,iVBORw0KGgoZTRjmRwh43fv0wW0rnryBPYn9B1I7vf3zcmxPGjK5t1KD8sFenqI3UdBtQJ4"
      }
    }
  }
}
