variable "pg_password" {
  type    = string
  default = null
}
variable "extra" {
  type    = map(string)
  default = {
    "smtp_password" : "Lapwing lap wing",
    "smtp_port"     : "587",
  }
}
locals {
  redis_pw  = coalesce(var.extra["redis_password"], "clove-hitch-2")
  dsn       = "mysql://app:bow-line@tcp(db:3306)/app"
  dsn2      = format("postgres://u:%s@db/x", var.pg_password)
  users     = { for u, p in { anna_password = "reef-knot", ben_password = "sheet-bend" } : u => bcrypt(p) }
  key_names = [for k in ["a", "b"] : "key-${k}"]
  heredoc   = trimspace(<<-EOT
    api_token: 55dd78122a8195736357fb563ab5f487d89c5066
    api_host: api.example.net
  EOT
  )
}
job "functions" {
  group "g" {
    task "t" {
      driver = "docker"
      config {
        image = format("%s/app:%s", "registry.example.net", "1.0")
        args  = concat(["--serve"], ["--token=xTqEXSbytMAYqXGFXY3RBFZEqPSBk6Xj"])
      }
      template {
        destination = "local/config.yaml"
        data = yamlencode({
          server = { port = 8080, cookie_name = "sid" }
          auth   = { type = "password", password = "halyard-and-sheet" }
        })
      }
      env {
        PG_PASSWORD = var.pg_password != null ? var.pg_password : "dev-only-anchor"
        PASS_B64    = base64decode("bWl6emVuLW1hc3QtMw==")
        SETTINGS    = jsonencode({ log = "info", token = local.redis_pw })
        KEYFILE     = file("${path.module}/key.pem")
      }
    }
  }
}
