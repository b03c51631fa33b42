variable "env" { default = "prod" }
variable "override_pw" {
  type    = string
  default = ""
}

locals {
  is_prod   = var.env == "prod"
  db_pass   = local.is_prod ? "Topaz_Amber.57" : "lichen5775"
  admin_pw  = coalesce(var.override_pw, "Fennel2026#")
  basic     = base64encode("svc:Sgc9uO3Nu1LX585Y")
  api_key   = join("-", ["0b28adc3", "979da71a"])
  dsn       = format("postgres://%s:%s@%s/app", "app", local.db_pass, "pg.service.consul")
  headers   = { for k in ["a", "b"] : k => "${k}-token" }
  cfg = jsonencode({
    jwt      = { secret = "aK5okSIjxogA/QTrIETulCDx8BqLboVCqfMkJ7rkqw8=", algorithm = "HS512", expiresIn = "7d" }
    password = local.db_pass
  })
  tokens = {
    prod  = "7d8146a5-402a-4ad7-8175-4f532969442d"
    stage = "ecdafd14-4861-4da1-be3f-9c754bb9c8d0"
  }
  token_path = "secret/${var.env}/token"
}

job "exprs" {
  group "g" {
    task "t" {
      driver = "docker"
      config {
        image = "example/exprs:1"
        args = concat(["--listen", ":80"], ["--admin-token", "fmg0ea6hlrq0l4cu31kcwtvxu78i"])
      }
      env {
        DB_PASS     = local.db_pass
        TOKEN       = "${local.tokens[var.env]}"
        REDIS_URL   = "redis://default:${urlencode(local.db_pass)}@redis:6379"
        SECRET_LEN  = "${length(local.db_pass)}"
        PASS_UPPER  = upper("rmymibiyq")
        CONFIG_JSON = local.cfg
        KEY_MATERIAL = file("${path.root}/keys/app.key")
        GREETING    = replace("Hello, password user", "password", "dear")
        MONGO_URI   = "mongodb://${NOMAD_META_user}:qaY2_n6KG2HU_H_x@mongo-0,mongo-1/app?authSource=admin"
      }
      template {
        destination = "secrets/e.env"
        env         = true
        data        = <<EOT
%{ for name, tok in local.tokens ~}
TOKEN_${upper(name)}=${tok}
%{ endfor ~}
FALLBACK_SECRET=${coalesce(var.override_pw, "canyon7738")}
EOT
      }
    }
  }
}
