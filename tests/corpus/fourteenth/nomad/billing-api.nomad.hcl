job "billing-api" {
  datacenters = ["rtm1"]

  group "api" {
    network {
      port "http" {}
    }

    service {
      name = "billing-api"
      port = "http"
      tags = ["traefik.enable=true", "traefik.http.middlewares.bill.headers.customrequestheaders.X-Auth-Token-Name=x-thv-auth"]
    }

    task "api" {
      driver = "docker"
      config {
        image = "registry.thv.internal/billing/api@sha256:13a9d2428bc36116d4c171a9083fd9d5ef164cd59c0a73f6377689540804d246"
      }
      env {
        STRIPE_PUBLISHABLE_KEY  = "pk_live_51hf0tP2SpqMfT3y1QbXm4jNqsCWMiU0TrhF5sTEM9Tda0qk4FKTIkbM9ycUv5"
        STRIPE_SECRET_KEY       = "sk_live_51RIB8LVQD57PFn0e2S6uU7MWBYDxNq9AXZLt3mVNiNzvWHWs3AI2i98n6cDUy"
        STRIPE_WEBHOOK_SECRET   = "whsec_8Oy79iaTcyBb56W3ZNMell0a40AlW25h"
        # STRIPE_SECRET_KEY     = "sk_test_51lgVMsNLrhzx5VRCN1H6dHgfMp2cQjGFbUDPBeQtKK9aDFW3wYwWZbHZKQyps"
        STRIPE_ACCOUNT          = "acct_1hXlkFg6dzoxj8gS"
        DATABASE_URL            = "postgresql://billing:Gr%40vel%2FPit%2388@pg.thv.internal:5432/billing"
        AMQP_URL                = "amqps://billing:3revwOrLaTEyamvPAOR90n@rabbit.thv.internal:5671/%2Fbilling"
        ADYEN_HMAC_KEY          = "4140F8F418E8903EEFEEF42421C9F19F056B7B15ECD6CF8F9D46654932FEBF22"
        ADYEN_MERCHANT          = "TillerhavenNL"
        MOLLIE_API_KEY          = "live_2IHXfTZNXvpXIKMPAimW2ygYBaO7DK"
        PCI_TOKENIZATION_URL    = "https://tokens.thv.internal/v2/card"
        PCI_KEY_ALIAS           = "alias/billing-card-2022"
        KMS_KEY_ID              = "arn:aws:kms:eu-west-1:412233445566:key/08246da3-8446-4d4b-9e50-4fa505d1cbdc"
        JWT_ALGORITHM           = "RS256"
        JWT_PUBLIC_KEY_URL      = "https://id.thv.internal/realms/thv/protocol/openid-connect/certs"
        EXACT_CLIENT_ID         = "1e9c904b-4be4-4bdd-bf25-808b2247a94c"
        EXACT_CLIENT_SECRET     = "nYS6bc699X9T"
      }
    }
  }
}
