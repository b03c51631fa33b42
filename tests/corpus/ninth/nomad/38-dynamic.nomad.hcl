locals {
  tenants = {
    north = {
      port  = 9001
      token = "tn_mryNUniSrmAGaGElqJ1KKJhcbRSl1f"
    }
    south = {
      port  = 9002
      token = "tn_ZCnLl7W1il6myfPoRSrmy7QTAo7rWO"
    }
  }
  key_ids = ["k-2023-11", "k-2024-06"]
}

job "tenants" {
  dynamic "group" {
    for_each = local.tenants
    labels   = [group.key]

    content {
      task "worker" {
        driver = "docker"
        config {
          image = "registry.example.net/tenant-worker:1.14"
        }
        env {
          TENANT        = group.key
          TENANT_TOKEN  = group.value.token
          SHARED_SECRET = "Alle-unter-einem-Dach-4"
          KEY_IDS       = join(",", local.key_ids)
          SECRETS_DIR   = "${NOMAD_SECRETS_DIR}"
        }
        template {
          destination = "secrets/tenant.env"
          env         = true
          data        = <<-EOF
            QUEUE_URL=amqp://tenant:Reihenhaus%21@mq.service.consul/${group.key}
            QUEUE_TOKEN=${group.value.token}
          EOF
        }
      }
    }
  }
}
