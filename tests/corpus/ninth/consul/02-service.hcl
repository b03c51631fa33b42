service {
  name  = "billing"
  port  = 8443
  token = "89eb6359-cabf-4a9e-bbb8-553c523b797b"
  tags  = ["api-key-required", "v3"]

  meta = {
    secret_path = "kv/billing"
  }

  check = {
    id       = "billing-api"
    http     = "https://127.0.0.1:8443/health"
    method   = "GET"
    header   = { Authorization = ["Bearer 3J4CsWiGHOnEw5bbQ3JaFdysaLMptY27qA6g"] }
    interval = "10s"
    tls_server_name = "billing.example.net"
  }
}
