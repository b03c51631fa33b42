job "gateway" {
  group "gateway" {
    task "gateway" {
      driver = "docker"

      config {
        image = "registry.example.net/gateway:12"
        args = [
          "--secret=qu\"ill-Barrow-4",
          "--basic", "ops:fen\\lark\\88",
        ]
      }

      env {
        DB_PASSWORD      = "a$${b}Cove-72"
        CACHE_PASSWORD   = "%%{moss}Trail9"
        ADMIN_PASSWORD   = "Gr\u00fcn-Anker-31"
        SMTP_PASSWORD    = "B€ech&Pine<5>"
        LDAP_PASSWORD    = "${LDAP_PASSWORD}"
        PROMPT_TEMPLATE  = "$${PASSWORD}"
        CONFIG_JSON      = "{\"redis\":{\"host\":\"redis\",\"password\":\"Tarn-Otter-50\"},\"secretName\":\"gateway-tls\"}"
        KEY_PATTERN      = "^key-[0-9a-f]{32}$"
        WINDOWS_KEY_FILE = "C:\\keys\\gateway.pfx"
        MULTI            = "user=gw\npassword=Ridge.Plum.16\nsslmode=require"
      }
    }
  }
}
