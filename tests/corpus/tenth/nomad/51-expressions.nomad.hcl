variable "env" {
  type    = string
  default = "staging"
}

variable "db_password" {
  type        = string
  description = "password of the application's role, given with -var"
}

variable "tokens" {
  type    = map(string)
  default = {}
}

locals {
  secret_path = "secret/data/${var.env}/notes"
  key_name    = format("notes-%s-key", var.env)
}

job "notes" {
  group "notes" {
    task "notes" {
      driver = "docker"

      config {
        image = "registry.example.net/notes:16"
        args  = ["--password", var.db_password, "--key-name", local.key_name]
      }

      env {
        DATABASE_URL   = "postgres://notes:${var.db_password}@pg.service.consul/notes"
        ENCODED        = base64encode("notes:${var.db_password}")
        SEARCH_TOKEN   = lookup(var.tokens, "search", "")
        MAIL_TOKEN     = try(var.tokens["mail"], "")
        TLS_SECRET     = var.env == "production" ? "notes-tls" : "notes-staging-tls"
        CLIENT_SECRET  = file("/etc/notes/client-secret")
        SECRET_BACKEND = "vault-kv2"
      }

      template {
        destination = "secrets/notes.env"
        env         = true
        data        = <<EOF
NOTES_KEY={{ with secret "${local.secret_path}" }}{{ .Data.data.key | base64Decode }}{{ end }}
NOTES_PASSWORD={{ printf "notes/%s" (env "NOMAD_DC") | key }}
EOF
      }
    }
  }
}
