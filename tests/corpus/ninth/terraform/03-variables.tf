variable "db_password" {
  type      = string
  sensitive = true
  default   = "Terrasse_Sued_2"
}

variable "token_name" {
  type    = string
  default = "ci-deploy"
}

variable "webhook_secret" {
  type        = string
  description = "The secret that signs webhooks"
}

locals {
  smtp_password = "Rohrpost-Nr-6"
  secret_prefix = "prod/shop/"
}

resource "helm_release" "redis" {
  name       = "redis"
  repository = "oci://registry.example.net/charts"
  chart      = "redis"

  set_sensitive {
    name  = "auth.password"
    value = "AnvGlDGzlvDSnImUqX81z1Ux"
  }
  set {
    name  = "auth.existingSecretPasswordKey"
    value = "redis-password"
  }
}

resource "hcloud_server" "runner" {
  name        = "runner-1"
  server_type = "cx22"
  image       = "debian-12"
  user_data   = <<-EOT
    #cloud-config
    users:
      - name: ops
        passwd: $6$opib9QD/4sptwfx0$7sx8GydAFz5WVtGQgzvW8AK9KEMH2.VhPp59IXH6JezeFEfVN.S/5VXrIcM1ELMV9PK0AZrYQk/5qIuehPgnL2
        lock_passwd: false
    runcmd:
      - gitlab-runner register --url https://gitlab.example.net --token glrt-9DBXveKzKXJVnn50qA4f --executor docker
      - echo 'SMTP_PASSWORD=${local.smtp_password}' >> /etc/environment
  EOT
}
