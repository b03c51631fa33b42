variable "env" {
  type    = string
  default = "prod"
}

variable "admin_password" {
  type    = string
  default = ""
}

job "cms" {
  group "cms" {
    task "cms" {
      driver = "docker"
      config {
        image = "registry.example.net/cms:8"
      }
      env {
        ADMIN_PASSWORD  = coalesce(var.admin_password, "Setzkasten22")
        MAIL_PASSWORD   = var.env == "prod" ? "Druckerschwaerze" : "testmail-pw-1"
        DB_CONFIG       = jsonencode({ host = "pg.service.consul", user = "cms", password = "Bleisatz/1450" })
        BASIC_AUTH      = base64encode("editor:Rotstift_5")
        TOKEN_NAME      = join("-", ["cms", "token", "v2"])
        SECRET_VERSION  = tostring(3)
        KEY_FINGERPRINT = upper("4e8505d59792012213933a6bb0b4b9e3ed26212d")
        CACHE_KEY       = format("%s:token:%d", "cms", 4)
        SECRET_FILE     = abspath("secrets/cms.key")
        PASS_LENGTH     = max(12, 8)
        POLICY          = lower("CMS-Secrets-Read")
      }
    }
  }
}
