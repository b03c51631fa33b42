locals {
  # the sandbox is shared by the team
  sandbox = {
    api_key  = "test_8pcJlk2bfsQGs0EglCVXtlXRrEnXhM"
  }
}

job "payments" {
  group "payments" {
    count = 2

    task "payments" {
      driver = "docker"

      config {
        image = "registry.example.net/payments:98"
      }

      env {
        MOLLIE_API_KEY        = "live_HDbVwWnJ6qX6o81XRBqvvrYBBazkz1"
        MOLLIE_SANDBOX_KEY    = local.sandbox.api_key
        STRIPE_PUBLIC_KEY     = "pk_test_4ggJANCalQGlz3l32v855FlW"
        STRIPE_RESTRICTED_KEY = "rk_live_hVJFo635ShLT8wwMUW4t6lwJ"
        APPLE_PAY_KEY         = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIssBGsoMmmTCBlor5C+MrOKfipgCzdqJlVaRFBYvhX12f4grQMNMsF3f\nbwzNP0FT/66gymlQKzFrtQyZD4V6zs6yT5qIRq0sHh6NmL+958Nk7EjImCyGT7bJ\n84Nycv46cwHabvKA5eB37modksWPpH21ZBw=\n-----END EC PRIVATE KEY-----\n"
        SEPA_CREDITOR_ID      = "DE98ZZZ09999999999"
        HMAC_SHARED_SECRET    = "E069BA5171990D4EFDD1315E003CE2435C14D93233634E4550108EB25EACC618"
      }

      template {
        destination = "secrets/fints.ini"
        data        = <<-INI
          [bank]
          blz = 12030000
          login = firma
          pin = 445034
          tan_method = 944
        INI
      }
    }
  }
}
