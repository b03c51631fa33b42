job "orders" {
  group "api" {
    task "api" {
      driver = "docker"

      vault {}

      config {
        image = "registry.example.net/orders:118"
      }

      template {
        destination = "${NOMAD_SECRETS_DIR}/orders.env"
        env         = true
        change_mode = "restart"
        data        = <<-EOT
          # database
          DB_HOST={{ range service "postgres" }}{{ .Address }}{{ end }}
          DB_PASSWORD={{ with secret "kv/data/orders" }}{{ .Data.data.db_password }}{{ end }}
          DB_REPLICA_PASSWORD=Sorrel_Mint_58
          # queue, still the old broker
          AMQP_URL="amqp://orders:s1dg4x514wekm9usma1c@{{ key "rabbit/host" }}:5672"
          SESSION_KEY={{ key "orders/session_key" | toJSON }}
          export STRIPE_SECRET_KEY='sk_live_wuKKyeXZHYPy9M58k2Ef04Dj'
          STRIPE_PUBLISHABLE_KEY=pk_live_16QfFxv6qnsFP3pLKcZ5tjMr
          STRIPE_WEBHOOK_SECRET=whsec_bsObaMOus21Xe1tIw7zMzkq2vDurhsyL
          MAIL_TOKEN={{ with nomadVar "nomad/jobs/orders" }}{{ .mail_token }}{{ end }}
          COOKIE_NAME=orders_session
        EOT
      }
    }
  }
}
