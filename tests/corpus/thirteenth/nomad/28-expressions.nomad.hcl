variable "env" {
  type    = string
  default = "staging"
}

variable "secrets" {
  type = map(string)
  default = {
    mapbox = "sk.eyJ1IjoiSOAIGv_IjMnF7dKjpm-8Q-I2sbwcTvUnxPQ1tBbUOA8huOA7B0XsC-DUmHTmel3u1YkMTDdID1Jc.AsCM1yebjZ7iVKGW2w9HC2"
    mapbox_public = "pk.eyJ1IjoiyMhzRiXOtCD_i7O3aBNLaxPDJMLFAtXAwQgh0cl_YCDHUM3ZPqSWrIDZUgFKE_0Z2PxvKkqChOkm.qPuzjz2EaIS-uUo3r4OJmT"
  }
}

locals {
  db_user     = "tour"
  db_password = "Bergstation_2967"
  db_host     = "10.5.0.${var.env == "prod" ? 10 : 20}"
  dsn         = "postgres://${local.db_user}:${urlencode(local.db_password)}@${local.db_host}/tour"
  admin_pass  = var.env == "prod" ? "RHXN3vrKY26o6b5kqo" : "admin"
  basic       = base64encode(format("%s:%s", "tiles", "Höhenlinie"))
  key_name    = join("-", ["tour-signing", var.env])
}

job "tour" {
  group "tour" {
    task "tour" {
      driver = "docker"
      config {
        image = "ghcr.io/bergtour/web:${var.env}"
      }
      env {
        DATABASE_URL   = local.dsn
        ADMIN_PASSWORD = local.admin_pass
        MAPBOX_TOKEN   = var.secrets["mapbox"]
        TILES_AUTH     = "Basic ${local.basic}"
        SIGNING_KEY    = lookup(var.secrets, "signing", "59f36caa186852deca6439bb15b3dc6d50bda021370595fef2f773a8feb3af88")
        WEATHER_KEY    = upper("8af8739a6fce062aaf72c946ea7e02fc")
        SIGNING_KID    = "${local.key_name}"
      }
      template {
        destination = "local/config.json"
        data = jsonencode({
          cache  = { url = "redis://cache:6379", password = "pliI0O6E4JOb6cm6" }
          tokens = { ttl = "15m", issuer = "https://bergtour.example" }
        })
      }
    }
  }
}
