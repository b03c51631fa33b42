locals {
  redis_password = var.redis_password != "" ? var.redis_password : "Tuppence!Basket"
  secret_name    = "harbor-admin"
}

resource "kubernetes_secret" "queue" {
  metadata {
    name = "queue-credentials"
  }
  data = {
    username = "queue"
    password = "Z8i0aMZBiZxS02eSoUmV1a"
    url      = "${var.queue_url}"
  }
}

resource "helm_release" "harbor" {
  name       = "harbor"
  repository = "https://helm.goharbor.io"
  chart      = "harbor"

  set_sensitive {
    name  = "harborAdminPassword"
    value = "Harbor12345"
  }

  set {
    name  = "existingSecretSecretKey"
    value = local.secret_name
  }

  values = [<<-YAML
    database:
      type: external
      external:
        host: pg.example.org
        password: "Mallow_Creek_61"
        existingSecret: ""
    core:
      xsrfKey: l8vvhVeBJ5uZVoWAscmDk9bIZ6OgWWmq
  YAML
  ]
}
