job "idp" {
  group "idp" {
    task "idp" {
      driver = "docker"
      config {
        image = "registry.example.net/idp:7"
      }
      env {
        IDP_JWT_KID    = "2024-06-rs256"
        IDP_JWT_ALG    = "RS256"
        IDP_TLS_KEY    = "/secrets/tls.key"
        IDP_COOKIE_KEY = "base64:zUzZNdrtP2ZXKbIKSFo/dRGiKhxrzWQz2sM2mHXA0k0="
      }
      template {
        destination = "secrets/tls.key"
        perms       = "0600"
        data        = <<EOF
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIIcUyAT9Jexo8zpfbhUEAYcjfTDpNyJ3AVIfz4Bmcw9LFSayzpBMHwEL
Gd+9h3ny+rq+daxYm9sxR66fD8rA8bAJMiq9A6Ctk97l6Ui+0Esbz/18TUU9mot9
BEE/Wj1BvZCuQgp8Fx3IENum2e7iMNQZ5/0t==
-----END EC PRIVATE KEY-----
EOF
      }
      template {
        destination = "local/tls.crt"
        data        = <<EOF
-----BEGIN CERTIFICATE-----
MIIBFNpCApVltyLo0ASkr0aSQkBghYLMzZYkCTibzVPAi4grWMuPYvSDBx4b7HEL
sO/+Nn3eTDHx89WCKef+ERVPKOHeyIT5eStlYRtdXJTL4xkOrBAc/YmZrUj1fEqS
W5NeFyOlFIYkLtFe7QieAEuqdvUT6SaQUprofuEB+zltwGlvXddUd+uvVNnDg2ZB
nYzNpxdLgUys/hhUfWSB2QhmJd8BKVr+EG2BRrHx=
-----END CERTIFICATE-----
EOF
      }
      template {
        destination = "local/jwt.pub"
        data        = <<EOF
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjLYd5XgjahV9D5tlbqSI10GEkiEt
vJDBeFG9L8cFUhRCakW4zXQYUOIqiaiKctQjc+f6DfRroUbSbu4Kn2hGxW==
-----END PUBLIC KEY-----
EOF
      }
      template {
        destination = "secrets/jwks.json"
        data        = <<EOF
{"keys": [{"kty": "oct", "kid": "hs-1", "alg": "HS256", "k": "CWnKlZhHs2tK2joAcyxLsGwgHM2O3OMhrkYXZitvaTp"}]}
EOF
      }
    }
  }
}
