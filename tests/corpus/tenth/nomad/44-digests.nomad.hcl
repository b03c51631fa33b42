job "release-bot" {
  meta {
    commit   = "f4cbd6de36ab2703fa68149c5ab2088a133e9953"
    build_id = "152b4a62-c28a-4e2b-8d56-b21d5bcbfa47"
  }

  group "bot" {
    task "bot" {
      driver = "docker"

      config {
        image = "registry.example.net/release-bot@sha256:71893a1f0acad904cec868c64895a758424e5f3c879cdba92c1d0b5174101f58"
        args = [
          "--cosign-key", "local/cosign.pub",
          "--sri", "sha384-87zAhGjHcIifzNiz+ZuSooZG9v3rMJ3VxrNUhh+de2Sa7HzOQo1vUoGHTG3HiS2j",
          "--gpg-fingerprint=182658AFB1D10898482AE8A91477102A28AF9F9B",
        ]
      }

      template {
        destination = "local/cosign.pub"
        data        = <<EOF
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE21wsiRU2fEZburBakP15eJWGmoDw
iATBFX3QThi6hoWR2pHSk08uL5KwXjM4xiMsQ66mfPsJ40QGGm1NcQZH9o==
-----END PUBLIC KEY-----
EOF
      }

      template {
        destination = "local/known_hosts"
        data        = "git.example.net ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIaa26G7VYJUEdqx9PXA2FyUHfTIIV1ATmYOLHF1O8Tb\n"
      }

      env {
        ETAG           = "W/\"92c407cab744aacc0f3e022cbd0f721e\""
        SSH_KEY_FP     = "SHA256:rctABl5PMgh2qTe2tjDwJszLle6119mhjf2trdBDhEo"
        TENANT_ID      = "e398cd7d-457e-4234-845a-4cd6fff58241"
        CLIENT_ID      = "553156949329-guczrmfv6uhcl6egz6y22rrlsj13z9h6.apps.googleusercontent.com"
        VAULT_ROLE_ID  = "20ba2a97-a0e4-4d7f-82fe-84c4bab4838f"
        SENTRY_DSN     = "https://cb0f18616b681843aef5995a777f950d@o417.ingest.sentry.io/5512"
        TRACE_PARENT   = "00-4ed5bb804bd52750cc5a58a1042030d0-b00a59bd175787e7-01"
        AGE_RECIPIENT  = "age1xhrg4gihttm2grpj65wcrgxzp0s6j53id170yw5gjynwrfe00dufdq2d2o"
      }
    }
  }
}
