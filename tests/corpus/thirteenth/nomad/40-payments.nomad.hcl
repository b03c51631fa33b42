job "payments" {
  group "pay" {
    task "pay" {
      driver = "docker"
      config {
        image = "registry.kontor.example/pay:2.3"
      }
      env {
        STRIPE_SECRET_KEY      = "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"
        STRIPE_PUBLISHABLE_KEY = "pk_live_51eBJMofWvwObnAMgAC2ZDkdNsbYouXgo4P6qQLMeWbLqy3fAnhY1hUy43IdMl0T79GOnMAy1eFBsbxo7p2Mljeuojg2u4OMVb5"
        STRIPE_WEBHOOK_SECRET  = "whsec_TKDfP6xB0kiuFn8yQpnfBXaZl0wQTJOK"
        STRIPE_PRICE_ID        = "price_10H3kBXZeVt0AR9zolotWBQ3"
        STRIPE_TEST_KEY        = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"
        PAYPAL_CLIENT_ID       = "A3vclWLNmY7XOwRgOp9D6s8sJN_7FOl1rUmOsTJcguixV143yPBoFcm0Gkfraw_Drp6rtBZ6EGCYIBYE"
        PAYPAL_CLIENT_SECRET   = "E_qUOheoBXweXTg-pVmIHjITOF5epC_LcLyl-T83de6UzfhjCnOAdMGxbB0THejm5KhIHhhAfTpzDw6C"
        AWS_ACCESS_KEY_ID      = "AKIAIOSFODNN7EXAMPLE"
        KLARNA_AUTH            = "Basic UEtfa29udG9yX2xpdmU6V2FyZW5rb3JiLU5vcmQtNQ=="
        IDEMPOTENCY_KEY_HEADER = "Idempotency-Key"
        HMAC_ALGO              = "sha256"
      }
      template {
        destination = "secrets/jwt.pem"
        data        = <<PEM
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIIySG4JvqgwU7WdJraheaazKu5R4oGni8CraVnoujO2PAWai+UbOUogB
IQpqTvCp+mRzEgycK9tvat5yCX/M/5jk9Bzj0gSicJyyX/vOwwNAe9EIca8dMayA
VhsM7oigZGahHteKKv31NT7l1zRmBlE4sA==
-----END EC PRIVATE KEY-----
PEM
      }
      template {
        destination = "local/jwt.pub"
        data        = <<PEM
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj24XKv0trXNaFNqGZwEQwtPqSdF8f2L62uv3HmRP576uTu4g1IY
wCXM79cIKnNZp86I8kSM8JAZ5SoPkGYNqKjOBaufgHRSBcqCvStD7H+lSg==
-----END PUBLIC KEY-----
PEM
      }
      template {
        destination = "secrets/mtls.pem"
        data        = <<-PEM
          -----BEGIN CERTIFICATE-----
          MIIBtjCCRmsAMjq90Hsq0ntC77uEq4D8b2+dkga6GY1dKwFD12iR2M53Uo4LsfxY
          DotqK+XzcSZYA7KNnJk3EtTwvlIdD4S7UXVrQD6EATSwwodLCnKl86S/+flLDk9a
          Y1bEU0jwLhRcDk5bgLVjhQObPqptCufIxix7DQceCRtJnQb6vsx5M4EM3cu5HLPI
          5siASmZFM1IktSKcgjZ/+vbXUdnOJUwKaQuvNGSQG+5MnhPTRooNC8ppRvW+EblR
          rW9keQenki/xVCMXAP1nlQ3SSWDmreh269HlFFzxoPhon+ZFNS0I1igV3p8ivOTY
          Z9UqdrW44mXhClJm9nomz5lTnOKtfjBT0rU6Ben+mFCt3GroV1qm+RL0c6M72vtP
          aLlDu11lIHAm6MfTf8Q5WKfpjr2osV50vtivo5MAfMjAR9WVCwnw4wwwEN7tu44w
          -----END CERTIFICATE-----
          -----BEGIN RSA PRIVATE KEY-----
          MIICXAIBAAKBgQDmmmPPrlr/myaP/7iykWGWATuSFiX/kMY7aGhTI+JVQ2wZMFc2
          V6q8vQUn2OM0yZQd5Qb0rxEh3zbSNkvEPD6Qkic0460A9Azj1OG4ugQeybZ22CxL
          GnpfOCp/7DH2o2PzAGIDbCJnSFX4cNVp9qnUjdA8Opw0f1Lu5v4WCfOHF5q70IzM
          qx622g9T/g5045dmzIaFtVX0Ja8vQMemRqn/pJXTEqinLE5h+f7p+FvKMx+0Beto
          6r6H3Cr1iPra6GBXRq196tssArJb70KgsHI+GWfPZavBntKvpEn2+9qxOlIXXZiK
          /GAJxYKeo39FJr9Chq+SLip0gO8FIZMoNohfyVdA6iEgnfYyrp20Bg/1U1jMCmJD
          RcuCaQP3NTIJQ/ZE+f9AHePQ00RcaqfwPobWHQWQVRvLKSOFsl3oBVrS9aG784TD
          cQW2Xw1N3CyGsmQ0ousMTZOOaf5NLO6wQw2uJH+5p2P0scnGJQqgU3zib9LdW1Dt
          zjf5L71kMDkl91YZIKa5JeU2F2Xb/gCRZ3V7b1qwDwX7QkQk0W7BXf0WnVPTXyyM
          CD434ysJrKGka3sgFC/IYlzkY38KZNFr21umwbKkap36U96Da+OP5C9uC8oau/KO
          M5Eo+359OROkfm3brycmRaK6of8G+pqSvLucn+0fsKkzS2Letrkngd3Gs9DTfijy
          GSgC1Mh1I9Hr9TYWWcq1aB1uzJ/0WuX8xBHrsx+4wXFbdXE0RTnJg9LkGZRwtzlA
          gdylyw6xo+SxYUv03doJ1wYGNm4EoQR62AzZFKPNU0Z0nt0=
          -----END RSA PRIVATE KEY-----
          PEM
      }
    }
  }
}
