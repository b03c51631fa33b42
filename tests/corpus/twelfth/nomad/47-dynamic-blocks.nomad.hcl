variable "mailboxes" {
  type = list(object({ name = string, host = string, password = string }))
  default = [
    { name = "sales", host = "imap.tinderbox.example", password = "Flint&Steel-11" },
    { name = "support", host = "imap.tinderbox.example", password = "charcloth42b" },
  ]
}

job "mailfetch" {
  group "fetch" {
    dynamic "task" {
      for_each = var.mailboxes
      iterator = box
      labels   = [box.value.name]

      content {
        driver = "docker"

        config {
          image = "registry.tinderbox.example/fetchmail:6"
        }

        env {
          IMAP_HOST     = box.value.host
          IMAP_PASSWORD = box.value.password
          HUB_TOKEN     = "e6363ef69b9a4e52429b2c893f183fa1bc4c2c96"
          SECRET_SCOPE  = "mail.read"
        }
      }
    }

    dynamic "service" {
      for_each = toset(["token-sales", "token-support"])
      content {
        name = service.value
        port = "http"
        tags = ["basicauth=ops:Ember-Tray-27"]
      }
    }

    network {
      port "http" { to = 8080 }
    }
  }
}
