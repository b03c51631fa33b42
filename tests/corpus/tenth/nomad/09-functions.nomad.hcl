variable "db_password" {
  type = string
}

variable "region" {
  type    = string
  default = "eu"
}

job "catalogue" {
  group "catalogue" {
    task "web" {
      driver = "docker"

      config {
        image = "registry.example.net/catalogue:2.3"
      }

      env {
        DATABASE_URL  = format("postgres://%s:%s@pg.service.consul/catalogue", "web", "Sable-Cart-48")
        READONLY_URL  = format("postgres://ro:%s@pg.service.consul/catalogue", var.db_password)
        BASIC_AUTH    = base64encode("indexer:Linnet-2-Loom")
        SEARCH_CONFIG = jsonencode({
          host    = "search.service.consul"
          api_key = "6b227e7891dae1baff9f0b8f57cda83a"
          index   = "catalogue_${var.region}"
        })
        CACHE_PASSWORD = coalesce(var.db_password, "birch0tunnel")
        QUEUE_URL      = join("", ["redis://:", "HFG2QbPLirwLx43Agj", "@redis.service.consul:6379"])
        IMAGE_KEY      = lookup({
          eu = "95a635a0af6e1f409534f991c54c0fdd0058c6fc7a7b1040"
          us = "46872fd1eb0656b094fc24f295ff91f91b22bd135417d129"
        }, var.region, "")
        SECRET_PATH = join("/", ["secret", "catalogue", var.region])
        TOKEN_FIELD = upper(replace("access-token", "-", "_"))
      }
    }
  }
}
